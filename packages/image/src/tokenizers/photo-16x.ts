import type { Manifest } from "@dtok/core";

export const manifest = {
  format: "dtok-manifest-1",
  id: "image/photo-16x",
  modality: "image",
  version: "0.1.0",
  description: "placeholder until the recipe's export writes this file",
  quantizer: "fsq-atanh:8,8,8,6,5",
  codebookSizes: [15360],
  stride: [16, 16],
  files: {},
  settings: {},
  licences: { code: "Apache-2.0", weights: "Apache-2.0", data: "" },
} as const satisfies Manifest<"image">;
