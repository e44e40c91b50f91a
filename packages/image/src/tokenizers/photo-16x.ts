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
      "value": 0.6819,
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
      "value": 0.6835,
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
      "value": 0.7195,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp gmsd",
      "value": 0.1017,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled bpp",
      "value": 0.1137,
      "unit": "bits per pixel",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled psnr",
      "value": 30.4821,
      "unit": "dB",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled ssim",
      "value": 0.8282,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled msSsim",
      "value": 0.9507,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi",
      "value": 0.7681,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled gmsd",
      "value": 0.0804,
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
      "value": 0.7591,
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
    },
    {
      "metric": "entropy of the codes",
      "value": 11.22,
      "unit": "bits per code",
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side; each code by itself, 81381 of them"
    },
    {
      "metric": "haarPsi, the half with most detail",
      "value": 0.608,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "haarPsi, the half with least detail",
      "value": 0.7557,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi, the half with most detail",
      "value": 0.5793,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "jpeg haarPsi, the half with least detail",
      "value": 0.7877,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi, the half with most detail",
      "value": 0.6085,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp haarPsi, the half with least detail",
      "value": 0.8306,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi, the half with most detail",
      "value": 0.7175,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "webp, not scaled haarPsi, the half with least detail",
      "value": 0.8186,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi, the half with most detail",
      "value": 0.6391,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    },
    {
      "metric": "avif haarPsi, the half with least detail",
      "value": 0.8791,
      "data": "34 held-out photographs of lomiri-wallpapers-16.04, lomiri-wallpapers-20.04, mate-backgrounds, scikit-image, scikit-learn, at most 1024 pixels a side"
    }
  ]
} as const satisfies Manifest<"image">;
