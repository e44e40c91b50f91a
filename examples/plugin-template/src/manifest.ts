import type { Manifest } from "@dtok/core";

/** Written by model.ts. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "series/dct-16x",
  modality: "series",
  version: "0.1.0",
  description: "Readings of a sensor, 16 to one of 30,720 codes.",
  quantizer: "fsq-clamped:16,8,8,6,5",
  codebookSizes: [30720],
  stride: [16],
  files: {
    encoder: {
      path: "encoder.onnx",
      bytes: 458,
      sha256: "9bcae0e357b953fe4c8e2adb371f6adcfd7c2d5b3645c85a24993dd19596b182",
    },
    decoder: {
      path: "decoder.onnx",
      bytes: 458,
      sha256: "60ca26626cf157521f612eebd369622b379842b14e52381a74554a388113d3b5",
    },
  },
  settings: {},
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "none: a cosine transform",
  },
} as const satisfies Manifest<"series">;
