"""Makes npy.json: .npy files of NumPy's own writer, in base64, with their elements as text.

    pip install numpy==2.4.6
    python make-npy.py
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

cases = []


def add(name, array, version=None):
    file = io.BytesIO()
    npy.write_array(file, array, version=version)
    values = array.ravel(order="C")
    cases.append(
        {
            "name": name,
            "base64": base64.b64encode(file.getvalue()).decode(),
            "shape": list(array.shape),
            "dtype": array.dtype.newbyteorder("=").name,
            "values": [repr(v.item()) if v.dtype.kind != "b" else str(int(v)) for v in values],
        }
    )


base = np.array([[0, 1, -2], [3.5, -0.0, 100]])
for dtype in ("f2", "f4", "f8"):
    for order in "<>":
        add(f"{order}{dtype}", base.astype(order + dtype))
for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
    info = np.iinfo(dtype)
    for order in "<>" if dtype[1] != "1" else "|":
        add(f"{order}{dtype}", np.array([info.min, info.max, 1], dtype=order + dtype))
add("bool", np.array([True, False]))
add("half extremes", np.array([6e-8, 65504, 6.1e-5, np.inf, -np.inf], dtype="<f2"))
add("fortran 2", np.asfortranarray(base.astype("<f4")))
add("fortran 3", np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)))
add("fortran 3 big", np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)))
add("version 2", base.astype("<f4"), (2, 0))
add("version 3", base.astype("<f4"), (3, 0))
add("scalar", np.array(7, dtype="<i8"))
add("empty", np.zeros((0, 5), dtype="<f4"))
add("one axis", np.arange(4, dtype="<u2"))
add("five axes", np.arange(2, dtype="<u2").reshape(1, 1, 2, 1, 1))
(Path(__file__).parent / "npy.json").write_text(json.dumps(cases, indent=1) + "\n")
