"""Golden data of faiss: PQ codes, and decoded sums of additive codebooks.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install faiss-cpu==1.15.1 numpy
    /tmp/venv/bin/python tooling/golden/faiss-pq-aq.py > packages/core/test/golden/faiss-pq-aq.json
"""

import json

import faiss
import numpy as np

rng = np.random.default_rng(7)
n, d, m, bits = 64, 8, 4, 3
x = rng.standard_normal((n, d)).astype("float32")
words = rng.standard_normal((m, 1 << bits, d // m)).astype("float32")
pq = faiss.ProductQuantizer(d, m, bits)
faiss.copy_array_to_vector(words.ravel(), pq.centroids)


def unpack(packed, width, count):
    values = []
    for row in packed:
        number = int.from_bytes(row.tobytes(), "little")
        values.append([(number >> (width * i)) & ((1 << width) - 1) for i in range(count)])
    return values


packed = pq.compute_codes(x)
lsq = faiss.LocalSearchQuantizer(d, m, bits)
lsq.train(x)
books = faiss.vector_to_array(lsq.codebooks).reshape(m, 1 << bits, d)
additive = lsq.compute_codes(x)
decoded = lsq.decode(additive)
print(
    json.dumps(
        {
            "made": f"tooling/golden/faiss-pq-aq.py, faiss-cpu {faiss.__version__}, numpy {np.__version__}",
            "x": x.ravel().tolist(),
            "pq": {"codebook": words.ravel().tolist(), "codes": unpack(packed, bits, m)},
            "lsq": {
                "codebook": books.ravel().tolist(),
                "codes": unpack(additive, bits, m),
                "decoded": decoded.ravel().tolist(),
                "error": float(((x - decoded) ** 2).sum()),
            },
        }
    )
)
