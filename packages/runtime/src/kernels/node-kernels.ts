import { createRequire } from "node:module";
import { createThreadedKernels } from "@dtok/core/node";
import type { ByteProduct } from "@dtok/core/node";
import type { AsyncKernels } from "@dtok/core";
import { byteProductGraph } from "./graph.js";

/**
 * Below this width a product of bytes is mostly reading and writing products, and core's fused kernel
 * is as fast.
 */
const MIN_DIM = 48;
/** The same where core has relaxed SIMD: of narrower vectors that is up to 1.6 times as fast. */
const MIN_RELAXED_DIM = 160;

export interface NodeKernelOptions {
  /** Default: the processor's cores. */
  readonly threads?: number;
  /** Vectors of fewer numbers go to core's WebAssembly kernels. Default 160; without relaxed SIMD 48. */
  readonly minDim?: number;
}

/**
 * The fastest nearest-codeword kernels of Node.js: core's threads (`createThreadedKernels`), where wide
 * vectors are compared through ONNX Runtime's 8-bit matrix product, one session a thread. Codes and
 * distances are those of core's reference kernels: products of bytes only tell which codewords may be
 * nearest. Where onnxruntime-node is not installed, WebAssembly does it all.
 *
 * @throws ArgumentError if `threads` is not a whole number from 1 to 256
 */
export function createNodeKernels(options: NodeKernelOptions = {}): AsyncKernels {
  const { threads, minDim } = options;
  const product = ortProduct(minDim ?? MIN_DIM, minDim ?? MIN_RELAXED_DIM);
  return createThreadedKernels({
    ...(threads !== undefined && { threads }),
    ...(product !== undefined && { product }),
  });
}

function ortProduct(minDim: number, minRelaxedDim: number): ByteProduct | undefined {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve("onnxruntime-node");
  } catch {
    return undefined;
  }
  return { minDim, minRelaxedDim, source: SOURCE, data: { path, model: byteProductGraph() } };
}

/**
 * What each thread runs: see ByteProduct. Tensors are kept with the views that they are of, for the
 * garbage collector would otherwise have thousands to collect a second.
 */
const SOURCE = `
const ort = require(data.path);
const tensors = new WeakMap();
const tensor = (type, view, dims) => {
  let found = tensors.get(view);
  if (!found) tensors.set(view, (found = new ort.Tensor(type, view, dims)));
  return found;
};
const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" };
return ort.InferenceSession.create(data.model, options).then((session) => {
  return ({ a, b, scales, y, rows, dim, columns }) =>
    session.run(
      {
        a: tensor("uint8", a, [rows, dim]),
        b: tensor("int8", b, [dim, columns]),
        s: tensor("float32", scales, [columns]),
      },
      { y: tensor("float32", y, [rows, columns]) },
    );
});
`;
