import { ShapeError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { delayedOrder } from "./delay.js";
import { identity, positionsOf } from "./layout.js";
import type { SequenceLayout } from "./layout.js";

/**
 * Several streams that run at the same time, step by step: Moshi's text, its own voice and its
 * user's voice (arXiv:2410.00037, section 3.4), OmniFlatten's two speakers. The codebooks of all
 * streams stand side by side in one grid (`mergeStreams`); within a stream all codebooks but the
 * first, the semantic one, are late by `late` steps (Moshi's acoustic delay of 1 or 2).
 *
 *     "parallel:2+2:1", streams x y, positions a b:
 *     step 0: xa0 PAD ya0 PAD   step 1: xb0 xa1 yb0 ya1   step 2: PAD xb1 PAD yb1
 *
 * @param streams codebooks of each stream
 */
export function parallel(streams: readonly number[], late = 0): SequenceLayout {
  const levels = streams.reduce((a, b) => a + b, 0);
  const delays = streams.flatMap((n) => Array.from({ length: n }, (_, q) => (q === 0 ? 0 : late)));
  return {
    spec: `parallel:${streams.join("+")}${late > 0 ? `:${late}` : ""}`,
    // Without delay a step is whole in itself, so a dialogue may go on without a known end.
    ...(late === 0 && { period: 1 }),
    refuses: (given, axes) =>
      given !== levels || axes !== 1 ? `${levels} codebooks on one axis` : undefined,
    order: (shape) =>
      late === 0 ? identity(positionsOf(shape) * levels) : delayedOrder(positionsOf(shape), delays),
  };
}

/**
 * Grids of the same extent side by side: codes [N, Q1], [N, Q2], … as one grid [N, Q1 + Q2 + …].
 * Text can be a stream too: one codebook of all text ids and the paddings between words.
 *
 * @throws ShapeError where the extents differ
 */
export function mergeStreams(grids: readonly TokenGrid[], tokenizer: string): TokenGrid {
  const shape = grids[0]?.shape;
  if (shape === undefined) {
    throw new ShapeError("streams", {
      expected: "at least one grid",
      got: "none",
      remedy: "Pass the grids of all streams.",
    });
  }
  const rows = positionsOf(shape);
  const widths = grids.map(({ codebookSizes }) => codebookSizes.length);
  const width = widths.reduce((a, b) => a + b, 0);
  for (const grid of grids) {
    if (
      grid.shape.join() !== shape.join() ||
      grid.codes.data.length !== rows * grid.codebookSizes.length
    ) {
      throw new ShapeError("streams", {
        expected: `grids of the extent [${shape.join(", ")}]`,
        got: `[${grid.shape.join(", ")}]`,
        remedy: "Pad the shorter stream, or cut the longer one.",
      });
    }
  }
  const data = new Int32Array(rows * width);
  let from = 0;
  for (const [i, { codes }] of grids.entries()) {
    copyColumns(codes.data, widths[i]!, 0, data, width, from, widths[i]!);
    from += widths[i]!;
  }
  return {
    codes: { data, shape: [rows, width] },
    shape,
    codebookSizes: grids.flatMap(({ codebookSizes }) => [...codebookSizes]),
    side: {},
    tokenizer,
  };
}

/**
 * The inverse of `mergeStreams`.
 *
 * @param streams tokenizer and number of codebooks of each stream, in their order
 * @throws ShapeError where they are not the grid's codebooks
 */
export function splitStreams(
  grid: TokenGrid,
  streams: readonly { readonly tokenizer: string; readonly codebooks: number }[],
): TokenGrid[] {
  const width = grid.codebookSizes.length;
  const asked = streams.reduce((sum, { codebooks }) => sum + codebooks, 0);
  if (asked !== width) {
    throw new ShapeError("streams", {
      expected: `${width} codebooks in all`,
      got: String(asked),
      remedy: "Name the streams that the grid was merged from.",
    });
  }
  const rows = grid.codes.shape[0];
  let from = 0;
  return streams.map(({ tokenizer, codebooks }) => {
    const data = new Int32Array(rows * codebooks);
    copyColumns(grid.codes.data, width, from, data, codebooks, 0, codebooks);
    const codebookSizes = grid.codebookSizes.slice(from, from + codebooks);
    from += codebooks;
    return {
      codes: { data, shape: [rows, codebooks] as const },
      shape: grid.shape,
      codebookSizes,
      side: {},
      tokenizer,
    };
  });
}

function copyColumns(
  source: Int32Array,
  sourceWidth: number,
  sourceFrom: number,
  target: Int32Array,
  targetWidth: number,
  targetFrom: number,
  columns: number,
): void {
  const rows = source.length / sourceWidth;
  for (let n = 0; n < rows; n++) {
    const a = n * sourceWidth + sourceFrom;
    const b = n * targetWidth + targetFrom;
    for (let q = 0; q < columns; q++) target[b + q] = source[a + q]!;
  }
}
