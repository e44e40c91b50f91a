/*
 * Weight of an adversarial loss beside a reconstruction loss, set anew each step (VQGAN, Esser et al., CVPR
 * 2021, arXiv 2012.09841, equation 7; equation 3 of the survey):
 *
 *   lambda = min(|d reconstruction / d L| / (|d adversarial / d L| + delta), most)
 *
 * L are the weights of the decoder's last layer. The survey prints the ratio of the gradients; it has to be
 * that of their norms to be a number, and without `most` it explodes where the discriminator is indifferent.
 */
import { ArgumentError } from "@dtok/core";
import { gradients } from "../graph/gradients.js";
import { add, clip, div, sqrt, square, stopGradient } from "../graph/elementwise.js";
import { reduceSum } from "../graph/shape.js";
import type { Value } from "../graph/builder.js";

export interface AdaptiveWeightOptions {
  /** Keeps the ratio finite. Default 1e-6. */
  readonly delta?: number;
  /** Largest weight. Default 10,000. */
  readonly most?: number;
}

/**
 * A scalar to multiply `adversarial` by; no gradient passes through it.
 *
 * @param layer weights [any shape] of the decoder's last layer
 * @throws ArgumentError if a loss is no scalar or does not depend on `layer`
 */
export function adaptiveWeight(
  reconstruction: Value,
  adversarial: Value,
  layer: Value,
  { delta = 1e-6, most = 1e4 }: AdaptiveWeightOptions = {},
): Value {
  const norm = (loss: Value, name: string): Value => {
    const [gradient] = gradients(loss, [layer]);
    if (gradient !== undefined) return sqrt(reduceSum(square(gradient)));
    throw new ArgumentError(`${name} loss`, {
      expected: "one that depends on the last layer's weights",
      got: "one that does not",
      remedy: "Pass the weights of the layer that makes the output.",
    });
  };
  const ratio = div(
    norm(reconstruction, "reconstruction"),
    add(norm(adversarial, "adversarial"), delta),
  );
  return stopGradient(clip(ratio, 0, most));
}
