"""Times faiss on arrays that the benchmark wrote; one JSON line in, one JSON line out.

Not a part of the product: the peer that apps/bench/src/quantizers.ts measures against.
    pip install faiss-cpu numpy
"""
import json
import sys
import time

import numpy as np

try:
    import faiss
except ImportError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(0)

threads = int(sys.argv[1])
faiss.omp_set_num_threads(threads)
print(json.dumps({"version": faiss.__version__, "options": faiss.get_compile_options()}), flush=True)

for line in sys.stdin:
    job = json.loads(line)
    dim = job["dim"]
    x = np.fromfile(job["vectors"], dtype=np.float32).reshape(-1, dim)
    if job["task"] == "nearest":
        c = np.fromfile(job["codebook"], dtype=np.float32).reshape(-1, dim)
        index = faiss.IndexFlatL2(dim)
        index.add(c)
        start = time.perf_counter()
        _, codes = index.search(x, 1)
        seconds = time.perf_counter() - start
        codes.astype(np.int32).tofile(job["out"])
        print(json.dumps({"seconds": seconds}), flush=True)
    elif job["task"] == "kmeans":
        # faiss samples at most 256 vectors a centroid unless told otherwise; dtok takes all of these.
        kmeans = faiss.Kmeans(
            dim, job["clusters"], niter=job["iterations"], seed=job["seed"], max_points_per_centroid=10**9
        )
        start = time.perf_counter()
        kmeans.train(x)
        seconds = time.perf_counter() - start
        index = faiss.IndexFlatL2(dim)
        index.add(kmeans.centroids)
        distances, _ = index.search(x, 1)
        print(json.dumps({"seconds": seconds, "error": float(distances.astype(np.float64).mean())}), flush=True)
    elif job["task"] == "family":
        # Fits and encodes `rows` vectors; the error is that of the decoded vectors.
        kind, books, beam = job["kind"], job["codebooks"], job.get("beam", 1)
        rotation = None
        start = time.perf_counter()
        if kind == "pq":
            quantizer = faiss.ProductQuantizer(dim, books, 8)
            quantizer.train(x)
        elif kind == "opq":
            rotation = faiss.OPQMatrix(dim, books)
            rotation.train(x)
            quantizer = faiss.ProductQuantizer(dim, books, 8)
            quantizer.train(rotation.apply(x))
        elif kind == "rvq":
            quantizer = faiss.ResidualQuantizer(dim, books, 8)
            quantizer.max_beam_size = beam
            quantizer.train(x)
        else:
            quantizer = faiss.LocalSearchQuantizer(dim, books, 8)
            quantizer.train(x)
        fitted = time.perf_counter()
        seconds = float("inf")
        for _ in range(job.get("repeats", 1)):
            begin = time.perf_counter()
            turned = x if rotation is None else rotation.apply(x)
            codes = quantizer.compute_codes(turned)
            seconds = min(seconds, time.perf_counter() - begin)
        error = float(((turned - quantizer.decode(codes)) ** 2).sum(1, dtype=np.float64).mean())
        if kind in ("pq", "opq"):
            # [M, K, D/M]
            words = faiss.vector_to_array(quantizer.centroids).reshape(books, 256, dim // books)
        else:
            words = faiss.vector_to_array(quantizer.codebooks).reshape(books, 256, dim)
        words.astype(np.float32).tofile(job["words"])
        if rotation is not None:
            faiss.vector_to_array(rotation.A).astype(np.float32).tofile(job["rotation"])
        print(
            json.dumps({"fit": fitted - start, "seconds": seconds, "error": error}), flush=True
        )
