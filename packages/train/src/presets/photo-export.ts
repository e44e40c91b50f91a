import { ArgumentError } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { toFloat16 } from "../float16.js";
import { GraphBuilder } from "../graph/builder.js";
import { photoDecoder, photoEncoder, photoHalo } from "./photo.js";
import type { PhotoModelConfig } from "./photo.js";

export interface ExportedPhotoModel {
  readonly encoder: Uint8Array;
  readonly decoder: Uint8Array;
  /** The parts of a manifest that follow from the network. */
  readonly manifest: {
    readonly quantizer: string;
    readonly codebookSizes: readonly number[];
    readonly stride: readonly number[];
    readonly settings: { readonly encoderHalo: number; readonly decoderHalo: number };
  };
}

/**
 * Inference graphs from a checkpoint's arrays: the running averages of the weights, kernels stored in
 * float16 and computed in float32, biases whole.
 */
export function exportPhotoModel(
  config: PhotoModelConfig,
  state: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): ExportedPhotoModel {
  const parameters: Record<string, Tensor> = {};
  for (const [key, tensor] of Object.entries(state)) {
    if (!key.endsWith(".average")) continue;
    const weights = tensor as Tensor<Float32Array>;
    parameters[key.slice(0, -".average".length)] =
      tensor.shape.length > 1 ? toFloat16(weights) : weights;
  }
  if (Object.keys(parameters).length === 0) {
    throw new ArgumentError("checkpoint", {
      expected: "running averages of the weights",
      got: "none",
      remedy: "Train with averageDecay.",
    });
  }
  const encoder = new GraphBuilder("photo-encoder");
  const decoder = new GraphBuilder("photo-decoder");
  const latents = photoEncoder(encoder, config);
  const pixels = photoDecoder(decoder, config);
  const { stride, levels } = config;
  return {
    encoder: encoder.toOnnx({ latents }, parameters, metadata),
    decoder: decoder.toOnnx({ pixels }, parameters, metadata),
    manifest: {
      quantizer: `fsq-atanh:${levels.join(",")}`,
      codebookSizes: [levels.reduce((a, b) => a * b, 1)],
      stride: [stride, stride],
      settings: photoHalo(config),
    },
  };
}
