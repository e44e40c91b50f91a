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
      "sha256": "b111bd55c9f9d22ef07dc92d62a52134ab627713a1d203b139142ea959113012"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1206585,
      "sha256": "ff54afbdfdca88e6ad55efa23cfa139d3fd978e69b924b02e600c6bf09e88f7f"
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
