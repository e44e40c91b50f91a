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
      "bytes": 1689139,
      "sha256": "bff2ed03f9570bd7a00f7bd67039cf1cabf11a1bd8d5b84fb0c5d6ac3b0fcfc1"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 3712069,
      "sha256": "c8d8a46242f8a3279098974b9f7aaa75255b8655902615d4347e63517d0a137b"
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
