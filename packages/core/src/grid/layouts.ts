import { ArgumentError, CodeRangeError, ShapeError } from "../errors/index.js";
import { checkCodebookSizes, checkInteger, isCount } from "../quantizers/checks.js";
import type { Codes, TokenGrid } from "../spec/codes.js";

/**
 * How codes [N, Q] become one sequence of ids.
 * - `interleaved`: all codebooks of a position, then the next position: length N Q.
 * - `raster`: all positions of codebook 0, then of codebook 1, …: length N Q; with Q = 1 the grid in
 *   raster order.
 *
 * Each codebook has its own range of ids, one after the other, so an id tells its codebook.
 */
export type LayoutName = "raster" | "interleaved";

const LAYOUTS: readonly LayoutName[] = ["raster", "interleaved"];

/** First id of each codebook, and behind them the number of ids in all: length Q + 1. */
export function levelOffsets(codebookSizes: readonly number[]): number[] {
  checkCodebookSizes(codebookSizes);
  const offsets = [0];
  for (const size of codebookSizes) offsets.push(offsets[offsets.length - 1]! + size);
  const total = offsets[offsets.length - 1]!;
  if (total > 2 ** 31) {
    throw new ArgumentError("layout", {
      expected: "at most 2^31 ids in all",
      got: String(total),
      remedy: "Split the codebooks into smaller groups, or lay out codes level by level.",
    });
  }
  return offsets;
}

/** Ids of a grid in the order of a layout, without special tokens. */
export function flattenGrid(
  grid: Pick<TokenGrid, "codes" | "codebookSizes">,
  layout: LayoutName,
): Int32Array {
  checkLayout(layout);
  const offsets = levelOffsets(grid.codebookSizes);
  const [rows, width] = grid.codes.shape;
  if (width !== grid.codebookSizes.length || grid.codes.data.length !== rows * width) {
    throw new ShapeError("token grid", {
      expected: `codes [N, ${grid.codebookSizes.length}]`,
      got: `[${grid.codes.shape.join(", ")}] with ${grid.codes.data.length} codes`,
      remedy: "Make the grid by createTokenGrid.",
    });
  }
  const ids = new Int32Array(rows * width);
  for (let n = 0; n < rows; n++) {
    for (let q = 0; q < width; q++) {
      const code = grid.codes.data[n * width + q]!;
      if (code < 0 || code >= grid.codebookSizes[q]!) {
        throw new CodeRangeError("token grid", {
          expected: `codes in [0, ${grid.codebookSizes[q]}) in codebook ${q}`,
          got: `${code} at position ${n}`,
          remedy: "Make the grid by createTokenGrid, which checks its codes.",
        });
      }
      ids[layout === "raster" ? q * rows + n : n * width + q] = code + offsets[q]!;
    }
  }
  return ids;
}

/**
 * The inverse of `flattenGrid`.
 *
 * @param ids a whole sequence; its length is a multiple of Q
 * @throws ShapeError for a length that does not fit, CodeRangeError for an id that the layout does
 *   not allow at its place
 */
export function unflattenIds(
  ids: Int32Array | readonly number[],
  codebookSizes: readonly number[],
  layout: LayoutName,
): Codes {
  checkLayout(layout);
  const offsets = levelOffsets(codebookSizes);
  const width = codebookSizes.length;
  if (ids.length % width !== 0) {
    throw new ShapeError("ids", {
      expected: `a multiple of ${width} ids, one per codebook of each position`,
      got: String(ids.length),
      remedy: "Pass a whole sequence; generation may have stopped in the midst of a position.",
    });
  }
  const rows = ids.length / width;
  const data = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const q = layout === "raster" ? Math.floor(i / rows) : i % width;
    const n = layout === "raster" ? i - q * rows : (i - q) / width;
    const id = ids[i]!;
    if (!isCount(id) || id < offsets[q]! || id >= offsets[q + 1]!) {
      throw new CodeRangeError("ids", {
        expected: `an id in [${offsets[q]}, ${offsets[q + 1]}) of codebook ${q} at place ${i}`,
        got: String(id),
        remedy: "Constrain generation to the ids that the layout allows at each place.",
      });
    }
    data[n * width + q] = id - offsets[q]!;
  }
  return { data, shape: [rows, width] };
}

/** Range [first, end) of the ids that a layout allows at a place of a sequence of N positions. */
export function allowedIds(
  place: number,
  positions: number,
  codebookSizes: readonly number[],
  layout: LayoutName,
): readonly [first: number, end: number] {
  checkLayout(layout);
  const offsets = levelOffsets(codebookSizes);
  const width = codebookSizes.length;
  checkInteger(positions, 1, Number.MAX_SAFE_INTEGER, "positions");
  checkInteger(place, 0, positions * width - 1, "place");
  const q = layout === "raster" ? Math.floor(place / positions) : place % width;
  return [offsets[q]!, offsets[q + 1]!];
}

function checkLayout(layout: string): asserts layout is LayoutName {
  if (!LAYOUTS.includes(layout as LayoutName)) {
    throw new ArgumentError("layout", {
      expected: `one of ${LAYOUTS.join(", ")}`,
      got: String(layout),
      remedy: "Further layouts are in @dtok/llm.",
    });
  }
}
