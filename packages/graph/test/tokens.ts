import { createRandom, createTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import type { NodeEncoder } from "../src/encoders/node-encoder.js";

/** Tokens of nodes that are nobody's, of an encoder's codebooks. */
export function someTokens({ manifest }: NodeEncoder, count: number): TokenGrid {
  const random = createRandom(6);
  const sizes = manifest.codebookSizes;
  const data = Int32Array.from({ length: count * sizes.length }, (_, i) =>
    random.integer(sizes[i % sizes.length]!),
  );
  return createTokenGrid({
    codes: { data, shape: [count, sizes.length] },
    shape: [count],
    codebookSizes: sizes,
  });
}
