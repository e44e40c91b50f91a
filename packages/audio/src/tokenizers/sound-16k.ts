import type { Manifest } from "@dtok/core";

/** Written by tooling/recipes/audio/export.ts. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "audio/sound-16k",
  modality: "audio",
  version: "0.1.0",
  description:
    "Speech, music and sound at 16 kHz, 50 codes of 12 levels a second (0.5 to 6.0 kbit/s).",
  quantizer: "rvq:12x1024",
  codebookSizes: [1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024],
  stride: [320],
  files: {
    encoder: {
      path: "encoder.onnx",
      bytes: 2262082,
      sha256: "af06f770a31cf6156d64298c7c299eb8c72c8b6a1439479451fbb3f6f8f09326",
    },
    decoder: {
      path: "decoder.onnx",
      bytes: 3685456,
      sha256: "cbd1156d9151a74f61963c184b0b0e2e6cbc83de1d951659cf89a0af16298415",
    },
    quantizer: {
      path: "quantizer.safetensors",
      bytes: 3146000,
      sha256: "6b17a3116c20f76e710ac1035c0e0f0ae752bf5f0b635abdf4d915042e4617d2",
    },
  },
  settings: {
    sampleRate: 16000,
    encoderState: 3600,
    decoderState: 4864,
  },
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "Free sounds of Debian packages; each with its licence in tooling/recipes/audio/sources.json",
  },
  citation: "arXiv:2107.03312",
  card: [],
} as const satisfies Manifest<"audio">;
