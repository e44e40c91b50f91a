"""Makes lfq.json: LFQ indices (survey equations 18 and 19) and BSQ vectors (equation 20, with bit 0 and
-1/sqrt(L) at v <= 0), by NumPy alone.

    pip install numpy==2.4.6
    python make-lfq.py

Indices of all bits are text, since 36 bits and more pass what some readers of JSON keep.
"""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20260712)
cases = []
for bits in (1, 8, 18, 31, 36, 64):
    z = rng.standard_normal((40, bits)).astype(np.float32)
    z[rng.random(z.shape) < 0.05] = 0.0
    z[rng.random(z.shape) < 0.05] = -0.0
    positive = z > 0
    # Little-endian bytes of little-endian bits: NumPy's own packing, not a sum of powers.
    packed = np.packbits(positive, axis=-1, bitorder="little")
    indices = [int.from_bytes(row.tobytes(), "little") for row in packed]
    norm = np.linalg.norm(z.astype(np.float64), axis=-1, keepdims=True)
    unit = np.divide(z, norm, out=np.zeros(z.shape), where=norm > 0)
    sphere = np.where(unit > 0, 1.0, -1.0) / np.sqrt(bits)
    cases.append(
        {
            "bits": bits,
            "z": [float(v) for v in z.ravel()],
            "indices": [str(i) for i in indices],
            "lfq": np.where(positive, 1, -1).ravel().tolist(),
            "bsq": [float(v) for v in sphere.astype(np.float32).ravel()],
        }
    )
(Path(__file__).parent / "lfq.json").write_text(json.dumps(cases) + "\n")
