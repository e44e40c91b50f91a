"""Makes hf.safetensors with Hugging Face's own library, as a golden file for safetensors.test.ts.

    pip install safetensors==0.8.0 numpy==2.4.6
    python make-safetensors.py

Only one metadata key: the library's order of several is not fixed.
"""

from pathlib import Path

import numpy as np
from safetensors import TensorSpec, serialize

arrays = {
    "w": ("float32", np.arange(6, dtype=np.float32).reshape(2, 3) / 4),
    "d": ("float64", np.array([1.5, -2.25])),
    "h": ("float16", np.array([1, 0.5, -2], dtype=np.float16)),
    "bf": ("bfloat16", np.array([0x3F80, 0x4000], dtype=np.uint16)),
    "i8": ("int8", np.array([-1, 2], dtype=np.int8)),
    "u8": ("uint8", np.array([255], dtype=np.uint8)),
    "i16": ("int16", np.array([-300], dtype=np.int16)),
    "u16": ("uint16", np.array([65535, 1], dtype=np.uint16)),
    "i32": ("int32", np.array([[-70000]], dtype=np.int32)),
    "u32": ("uint32", np.array([4000000000], dtype=np.uint32)),
    "i64": ("int64", np.array([-(2**62)], dtype=np.int64)),
    "u64": ("uint64", np.array([2**63], dtype=np.uint64)),
    "b": ("bool", np.array([True, False, True])),
    "scalar": ("float32", np.full((), 3.5, dtype=np.float32)),
    "empty": ("float32", np.zeros((0, 4), dtype=np.float32)),
    "a": ("float32", np.array([7], dtype=np.float32)),
    'é"\\\n\u0001\uffee\U0001d11e': ("int32", np.array([1], dtype=np.int32)),
    "\uffee": ("int32", np.array([2], dtype=np.int32)),
    "\U0001d11e": ("int32", np.array([3], dtype=np.int32)),
}
specs = {
    name: TensorSpec(
        dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes
    )
    for name, (dtype, array) in arrays.items()
}
out = Path(__file__).parent / "hf.safetensors"
out.write_bytes(serialize(specs, metadata={"note": 'v "é" /\u007f'}))
