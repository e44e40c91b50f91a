import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/audio/export.ts. */
export const manifest = {
  "format": "dtok-manifest-1",
  "id": "audio/speech-40hz",
  "modality": "audio",
  "version": "0.1.0",
  "description": "Speech at 16 kHz, 40 codes of 32768 a second (600 bit/s).",
  "quantizer": "fsq-atanh:8,8,8,8,8",
  "codebookSizes": [
    32768
  ],
  "stride": [
    400
  ],
  "files": {
    "encoder": {
      "path": "encoder.onnx",
      "bytes": 3339986,
      "sha256": "5df144c2ff5d5d9585d8541abf18d369919004aba460fd56e943286d19b03c7c"
    },
    "decoder": {
      "path": "decoder.onnx",
      "bytes": 6431437,
      "sha256": "89d9ce091bebad7dc970689300fbc843071cb3188dd309278169f604ab1eb4ba"
    }
  },
  "settings": {
    "sampleRate": 16000,
    "encoderState": 4240,
    "decoderState": 6026
  },
  "licences": {
    "code": "Apache-2.0",
    "weights": "Apache-2.0",
    "data": "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json"
  },
  "citation": "arXiv:2309.15505",
  "card": []
} as const satisfies Manifest<"audio">;
