"""Golden data for packages/core/test/faiss-rvq.test.ts:

    python tooling/golden/faiss-rvq.py > packages/core/test/golden/faiss-rvq.json

64 vectors of 8 numbers, codebooks trained by faiss, its codes by beams of 1 and 5. Vectors and
codebooks are rounded to 1/1024 first, so that every sum is exact and no order of additions matters.
"""
import json
import faiss
import numpy as np

rng = np.random.default_rng(11)
levels, bits, dim = 4, 3, 8
x = np.round(rng.normal(size=(512, dim)) * 1024).astype("float32") / 1024
rq = faiss.ResidualQuantizer(dim, levels, bits)
rq.train(x)
books = faiss.vector_to_array(rq.codebooks).reshape(levels, 1 << bits, dim)
books = np.round(books * 1024).astype("float32") / 1024
faiss.copy_array_to_vector(books.ravel(), rq.codebooks)
rq.compute_codebook_tables()
x = x[:64]
out = {
    "faiss": faiss.__version__,
    "numpy": np.__version__,
    "x": x.ravel().tolist(),
    "codebook": books.ravel().tolist(),
}
for beam in (1, 5):
    rq.max_beam_size = beam
    packed = rq.compute_codes(x)
    codes = faiss.unpack_bitstrings(packed, levels, bits)
    out[f"beam{beam}"] = {
        "codes": codes.tolist(),
        "error": float(((rq.decode(packed) - x) ** 2).sum()),
    }
print(json.dumps(out))
