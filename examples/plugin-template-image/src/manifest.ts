import type { Manifest } from "@dtok/core";

/** Written by model.ts. */
export const manifest = {
  format: "dtok-manifest-1",
  id: "image/dct-8x",
  modality: "image",
  version: "0.1.0",
  description: "Pictures, five cosine coefficients of 8 x 8 pixels to a code.",
  quantizer: "fsq-clamped:16,8,8,7,7",
  codebookSizes: [50176],
  stride: [8, 8],
  files: {
    encoder: {
      path: "encoder.onnx",
      bytes: 4335,
      sha256: "e9a3966b86c99e5d11ad02c6ecd6d05c4165e144c82386304c6ad79fa6805a16",
    },
    decoder: {
      path: "decoder.onnx",
      bytes: 4486,
      sha256: "d4bb4114fcf0dc0fd0ba2a33c99dc2e9c5d4360a1ce3cbbdd532b4e28f6f1497",
    },
  },
  settings: {
    encoderHalo: 0,
    decoderHalo: 0,
  },
  licences: {
    code: "Apache-2.0",
    weights: "Apache-2.0",
    data: "none: a cosine transform",
  },
} as const satisfies Manifest<"image">;
