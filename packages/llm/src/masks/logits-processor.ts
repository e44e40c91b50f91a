import { ShapeError } from "@dtok/core";
import type { Vocabulary } from "../vocabulary/vocabulary.js";
import { TokenConstraint, applyMask } from "./constraint.js";
import type { ConstraintOptions } from "./constraint.js";

/** What is used of a tensor of transformers.js: [batch, ids]. */
export interface LogitsTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/**
 * A logits processor as transformers.js calls them: `generate({ logits_processor: list })` with
 * `list.push(logitsProcessor(vocabulary))` on a LogitsProcessorList. Rows of the batch are followed
 * apart; a row that does not go on from the last call (beam search) is read anew.
 */
export function logitsProcessor(
  vocabulary: Vocabulary,
  options: ConstraintOptions = {},
): <T extends LogitsTensor>(inputIds: readonly (readonly (bigint | number)[])[], logits: T) => T {
  const rows: { constraint: TokenConstraint; ids: (bigint | number)[] }[] = [];
  const mask = new Uint32Array(Math.ceil(vocabulary.size / 32));
  return (inputIds, logits) => {
    const width = logits.dims[logits.dims.length - 1] ?? 0;
    if (width < vocabulary.size || logits.data.length !== width * inputIds.length) {
      throw new ShapeError("logits", {
        expected: `[${inputIds.length}, at least ${vocabulary.size}]`,
        got: `[${logits.dims.join(", ")}]`,
        remedy: "Resize the model's embeddings to the vocabulary.",
      });
    }
    for (const [b, ids] of inputIds.entries()) {
      const row = (rows[b] ??= { constraint: new TokenConstraint(vocabulary, options), ids: [] });
      // Compared as they come: turning thousands of bigints into numbers would be most of a step.
      if (ids.length < row.ids.length || row.ids.some((id, i) => id !== ids[i])) {
        row.constraint.reset();
        row.ids.length = 0;
      }
      for (let i = row.ids.length; i < ids.length; i++) {
        row.constraint.advance(Number(ids[i]));
        row.ids.push(ids[i]!);
      }
      applyMask(row.constraint.allowed(mask), logits.data.subarray(b * width, (b + 1) * width));
    }
    return logits;
  };
}
