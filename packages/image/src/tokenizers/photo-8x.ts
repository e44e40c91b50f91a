import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/image/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "image/photo-8x",
  "modality": "image",
  "version": "0.1.0",
  "description": "Photographs, one code of 15360 per 8 x 8 pixels (0.217 bits per pixel).",
  "quantizer": "fsq-atanh:8,8,8,6,5",
  "codebookSizes": [
    15360
  ],
  "stride": [
    8,
    8
  ],
  "settings": {
    "encoderHalo": 2,
    "decoderHalo": 5
  },
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 410653,
      "sha256": "5e202bcb88d2825cd603ac618e962a365935712cfc0f69d883e89b098fdfc04e"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1206586,
      "sha256": "785bcd95ff9ed6a9ee34c5c076494d4f5ca75df18713816b8807a1f7039a55e6"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free pictures of Debian packages; each with its licence in tooling/recipes/image/photographs.json"
  },
  "citation": "arXiv:2309.15505",
  "card": [
    {
      "metric": "bpp",
      "value": 0.2183,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "psnr",
      "value": 29.8399,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "ssim",
      "value": 0.8481,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "msSsim",
      "value": 0.9596,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "haarPsi",
      "value": 0.8121,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "gmsd",
      "value": 0.0572,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg bpp",
      "value": 0.2128,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg psnr",
      "value": 32.8688,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg ssim",
      "value": 0.849,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg msSsim",
      "value": 0.968,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi",
      "value": 0.8333,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg gmsd",
      "value": 0.0498,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp bpp",
      "value": 0.2131,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp psnr",
      "value": 33.9345,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp ssim",
      "value": 0.867,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp msSsim",
      "value": 0.9727,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi",
      "value": 0.8691,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp gmsd",
      "value": 0.0436,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled bpp",
      "value": 0.2186,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled psnr",
      "value": 34.0555,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled ssim",
      "value": 0.8712,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled msSsim",
      "value": 0.9744,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi",
      "value": 0.8727,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled gmsd",
      "value": 0.0424,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif bpp",
      "value": 0.2104,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif psnr",
      "value": 35.9449,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif ssim",
      "value": 0.8985,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif msSsim",
      "value": 0.9819,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi",
      "value": 0.9083,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif gmsd",
      "value": 0.0287,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "share of the codebook used",
      "value": 0.7479,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side; 324767 codes"
    },
    {
      "metric": "entropy of the codes",
      "value": 10.84,
      "unit": "bits per code",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side; each code by itself, 324767 of them"
    },
    {
      "metric": "haarPsi, the half with most detail",
      "value": 0.7621,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "haarPsi, the half with least detail",
      "value": 0.8622,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi, the half with most detail",
      "value": 0.7405,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi, the half with least detail",
      "value": 0.926,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi, the half with most detail",
      "value": 0.7872,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi, the half with least detail",
      "value": 0.951,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi, the half with most detail",
      "value": 0.7944,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi, the half with least detail",
      "value": 0.951,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi, the half with most detail",
      "value": 0.8417,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi, the half with least detail",
      "value": 0.975,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    }
  ]
} as const satisfies Manifest<"image">;
