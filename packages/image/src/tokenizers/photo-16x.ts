import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/image/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "image/photo-16x",
  "modality": "image",
  "version": "0.1.0",
  "description": "Photographs, one code of 15360 per 16 x 16 pixels (0.054 bits per pixel).",
  "quantizer": "fsq-atanh:8,8,8,6,5",
  "codebookSizes": [
    15360
  ],
  "stride": [
    16,
    16
  ],
  "settings": {
    "encoderHalo": 3,
    "decoderHalo": 6
  },
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 1689140,
      "sha256": "6810ee2b99e30ff1de0134674f0313205b593275c77bd81eb1e7623943775860"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 3712070,
      "sha256": "fb68553060af01a530105bfb29653dec657962e3811341db139a337470fc704c"
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
      "value": 0.0548,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "psnr",
      "value": 27.3565,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "ssim",
      "value": 0.7819,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "msSsim",
      "value": 0.9177,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "haarPsi",
      "value": 0.6822,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "gmsd",
      "value": 0.1141,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg bpp",
      "value": 0.0538,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg psnr",
      "value": 28.5963,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg ssim",
      "value": 0.7709,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg msSsim",
      "value": 0.9165,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi",
      "value": 0.6837,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg gmsd",
      "value": 0.1113,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp bpp",
      "value": 0.054,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp psnr",
      "value": 29.3667,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp ssim",
      "value": 0.7939,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp msSsim",
      "value": 0.9275,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi",
      "value": 0.7197,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp gmsd",
      "value": 0.1017,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif bpp",
      "value": 0.0533,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif psnr",
      "value": 30.8629,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif ssim",
      "value": 0.8112,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif msSsim",
      "value": 0.9361,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi",
      "value": 0.7592,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif gmsd",
      "value": 0.0888,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "share of the codebook used",
      "value": 0.6141,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side; 81381 codes"
    }
  ]
} as const satisfies Manifest<"image">;
