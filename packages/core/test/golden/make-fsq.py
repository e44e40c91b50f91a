"""Makes fsq.json: digits and indices by a NumPy transcription of the reference code in appendix A.1
of arXiv 2309.15505 ("tanh"), and of the variant of vector-quantize-pytorch ("atanh").

    pip install numpy==2.4.6
    python make-fsq.py

Computed in float64 from float32 latents. Latents within 1e-6 of a decision are drawn again, so that
the result does not hang on the last bit of tanh.
"""

import json
from pathlib import Path

import numpy as np


def reference(z, levels, bound):
    levels = np.asarray(levels)
    eps = 1e-3
    if bound == "tanh":
        half_l = (levels - 1) * (1 - eps) / 2
        offset = np.where(levels % 2 == 1, 0.0, 0.5)
        shift = np.tan(offset / half_l)
    else:
        half_l = (levels - 1) * (1 + eps) / 2
        offset = np.where(levels % 2 == 0, 0.5, 0.0)
        shift = np.arctanh(offset / half_l)
    bounded = np.tanh(z + shift) * half_l - offset
    safe = np.all(np.abs(bounded - np.floor(bounded) - 0.5) > 1e-6, axis=-1)
    zhat = np.round(bounded) / (levels // 2)
    digits = zhat * (levels // 2) + levels // 2
    basis = np.concatenate(([1], np.cumprod(levels[:-1])))
    return safe, np.rint(digits).astype(np.int64), np.rint((digits * basis).sum(-1)).astype(np.int64)


rng = np.random.default_rng(20260711)
cases = []
for bound in ("tanh", "atanh"):
    for levels in ([8, 5, 5, 5], [8, 6, 5], [7, 5, 5, 5, 5], [8, 8, 8, 6, 5], [2, 3, 4], [16] * 5):
        z = (rng.standard_normal((60, len(levels))) * 1.5).astype(np.float32)
        safe, digits, indices = reference(z.astype(np.float64), levels, bound)
        z, digits, indices = z[safe], digits[safe], indices[safe]
        cases.append(
            {
                "levels": levels,
                "bound": bound,
                "z": [float(v) for v in z.ravel()],
                "digits": digits.ravel().tolist(),
                "indices": indices.tolist(),
            }
        )
(Path(__file__).parent / "fsq.json").write_text(json.dumps(cases) + "\n")
