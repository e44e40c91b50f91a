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
  "card": []
} as const satisfies Manifest<"video">;
