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
      "sha256": "e13375331478c6136391624241524c03ed771f9edad2f9c0f236f57caf8502f9"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 3712069,
      "sha256": "357e534502c2d39d22e1b8f0b8bbff53eb447c0a614be37f233c292313e1a875"
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
