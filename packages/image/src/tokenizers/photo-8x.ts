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
      "sha256": "3406a5b547d3e594702738b85efcce0ce6f7beedad3a6c4e94637753a63e33ad"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 1206585,
      "sha256": "2f7ac2f206eeaea5d67e8947a84b2b261ef0cc54daf4e033fb5fa2ff04e554de"
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
