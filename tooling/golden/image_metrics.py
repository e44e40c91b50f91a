"""Golden values for packages/image/src/metrics, by independent implementations.

PSNR and SSIM: scikit-image 0.26. MS-SSIM, GMSD and HaarPSI: written here from the papers with
numpy and scipy's generic convolutions (nothing is shared with the TypeScript code).

    pip install numpy scipy scikit-image==0.26.0
    python tooling/golden/image_metrics.py > packages/image/test/golden/metrics.json
"""
import json

import numpy as np
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

W, H = 201, 185


def picture(kind):
    """The same formulas as in metrics.test.ts; integers only, so both sides agree exactly."""
    y, x, c = np.meshgrid(np.arange(H), np.arange(W), np.arange(3), indexing="ij")
    base = (x * 3 + y * 2 + c * 40 + ((x // 16 + y // 16) % 2) * 90 + (x * y) % 37) % 256
    if kind == "noisy":
        base = base + (x * 31 + y * 17 + c * 7 + (x * y) % 11) % 41 - 20
    if kind == "coarse":
        base = (base // 48) * 48 + 24
    return np.clip(base, 0, 255).astype(np.uint8)


def luma(image):
    return image.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


def gaussian():
    g = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    g /= g.sum()
    return np.outer(g, g)


def halve(p):
    h, w = p.shape[0] // 2 * 2, p.shape[1] // 2 * 2
    p = p[:h, :w]
    return (p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2]) / 4


def ms_ssim(a, b):
    x, y, k = luma(a), luma(b), gaussian()
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    out = 1.0
    for i, weight in enumerate(weights):
        if i:
            x, y = halve(x), halve(y)
        f = lambda p: convolve2d(p, k, mode="valid")
        mx, my = f(x), f(y)
        sx, sy, sxy = f(x * x) - mx**2, f(y * y) - my**2, f(x * y) - mx * my
        cs = (2 * sxy + c2) / (sx + sy + c2)
        l = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
        out *= ((l * cs).mean() if i == 4 else cs.mean()) ** weight
    return out


def matlab_same(p, k):
    """MATLAB's conv2(p, k, 'same'): kernels of even size lie half a pixel off scipy's."""
    return np.rot90(convolve2d(np.rot90(p, 2), np.rot90(k, 2), mode="same"), 2)


def subsample(p):
    """As the authors of GMSD and of HaarPSI do before anything else."""
    return matlab_same(p, np.ones((2, 2)) / 4)[::2, ::2]


def gmsd(a, b):
    x, y = subsample(luma(a)), subsample(luma(b))
    hx = np.array([[1, 0, -1]] * 3) / 3
    g = lambda p: np.sqrt(convolve2d(p, hx, mode="same") ** 2 + convolve2d(p, hx.T, mode="same") ** 2)
    gx, gy = g(x), g(y)
    return ((2 * gx * gy + 170) / (gx**2 + gy**2 + 170)).std(ddof=1)


def haar_psi(a, b):
    c, alpha = 30.0, 4.2
    m = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    A = [subsample(p) for p in np.moveaxis(a.astype(np.float64) @ m.T, -1, 0)]
    B = [subsample(p) for p in np.moveaxis(b.astype(np.float64) @ m.T, -1, 0)]

    def coefficients(p, scale, transposed):
        n = 2**scale
        k = np.ones((n, n)) / n
        k[: n // 2] *= -1
        return np.abs(matlab_same(p, k.T if transposed else k))

    alike = lambda x, y: (2 * x * y + c) / (x * x + y * y + c)
    top = bottom = weights = 0
    for t in (False, True):
        local = sum(alike(coefficients(A[0], s, t), coefficients(B[0], s, t)) for s in (1, 2)) / 2
        w = np.maximum(coefficients(A[0], 3, t), coefficients(B[0], 3, t))
        top = top + (w / (1 + np.exp(-alpha * local))).sum()
        bottom = bottom + w.sum()
        weights = weights + w / 2
    mean = lambda p: np.abs(matlab_same(p, np.ones((2, 2)) / 4))
    colour = sum(alike(mean(A[i]), mean(B[i])) for i in (1, 2)) / 2
    top += (weights / (1 + np.exp(-alpha * colour))).sum()
    bottom += weights.sum()
    score = top / bottom
    return (np.log(score / (1 - score)) / alpha) ** 2


out = {}
a = picture("plain")
for kind in ("noisy", "coarse"):
    b = picture(kind)
    out[kind] = {
        "psnr": peak_signal_noise_ratio(a, b, data_range=255),
        "ssim": structural_similarity(
            a, b, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        ),
        "msSsim": ms_ssim(a, b),
        "gmsd": gmsd(a, b),
        "haarPsi": haar_psi(a, b),
    }
print(json.dumps(out, indent=2))
