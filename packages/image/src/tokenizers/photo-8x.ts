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
      "bytes": 410652,
      "sha256": "55b943b7a5ca9e76f04dc8d3d9bd80b8a527d8674c3ce3528ea59167159c6f49"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1206585,
      "sha256": "e0fe8a88c38e41a91293b19300cf878db3f9ced834e6de6502beb7d689d31f93"
    }
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free pictures of Debian packages; each with its licence in tooling/recipes/image/photographs.json"
  },
  "citation": "arXiv:2309.15505",
  "card": []
} as const satisfies Manifest<"image">;
