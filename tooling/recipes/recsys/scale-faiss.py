"""
What scale.ts asks of dtok, asked of faiss on the same array: a residual quantizer 4 x 256 (greedy, as
dtok's) trained on 65,536 rows, then the codes of all rows.

    python scale-faiss.py .data/recsys/scale-1000000x768.npy [rows]

Needs faiss-cpu and numpy. Prints seconds of the clock and of the processors, the mean squared error per
vector, and the peak memory. The array is read by mapping, as much at a time as a chunk.
"""
import resource
import sys
import time

import faiss
import numpy as np

array = np.load(sys.argv[1], mmap_mode="r")
rows = int(sys.argv[2]) if len(sys.argv) > 2 else len(array)
dim = array.shape[1]
faiss.omp_set_num_threads(2)
begun = time.time()
sample = np.sort(np.random.default_rng(0).choice(rows, min(rows, 65536), replace=False))
quantizer = faiss.ResidualQuantizer(dim, 4, 8)
quantizer.max_beam_size = 1
quantizer.train_type = faiss.ResidualQuantizer.Train_default
quantizer.train(np.ascontiguousarray(array[sample], dtype="float32"))
trained = time.time()
codes = []
for at in range(0, rows, 50_000):
    codes.append(quantizer.compute_codes(np.ascontiguousarray(array[at : at + 50_000])))
coded = time.time()
usage = resource.getrusage(resource.RUSAGE_SELF)
error = 0.0
for i, at in enumerate(range(0, rows, 50_000)):
    part = np.asarray(array[at : at + 50_000], dtype="float64")
    error += ((part - quantizer.decode(codes[i])) ** 2).sum()
print(
    f"faiss {faiss.__version__}: {rows} x {dim}, fitted in {trained - begun:.1f} s, coded in "
    f"{coded - trained:.1f} s, in all {coded - begun:.1f} s ({usage.ru_utime + usage.ru_stime:.1f} s of "
    f"processors), peak {usage.ru_maxrss / 1e6:.2f} GB, squared error per vector {error / rows:.4f}"
)
