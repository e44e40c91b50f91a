/* Parts of several modalities as one sequence of ids. The inverse is in parse.ts. */
import { ArgumentError, CodeRangeError, LimitError, MismatchError, ShapeError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { PAD_PLACE, positionsOf } from "../layouts/layout.js";
import { LayoutTables } from "../layouts/order.js";
import { MAX_EXTENT, SIZE_TOKENS } from "../vocabulary/vocabulary.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";

/** Text as ids of the base tokenizer, or tokens of a modality (`grid.tokenizer` says which). */
export type SequencePart = Int32Array | readonly number[] | TokenGrid;

/** Ids [start, end) of one part. */
export interface PartSpan {
  readonly start: number;
  readonly end: number;
  /** "text" or the tokenizer's id. */
  readonly modality: string;
}

export interface PackedSequence {
  readonly ids: Int32Array;
  readonly spans: readonly PartSpan[];
  /** Side values of the grids, in their order: not in the ids; `unpack` takes them back. */
  readonly sides: readonly TokenGrid["side"][];
}

/**
 * One sequence of ids: text as it is, each grid as begin, extent, codes in the modality's layout, end.
 * Side values (an image's size in pixels, a gain) do not go into ids and are returned beside them.
 *
 * @throws CodeRangeError (text or code outside its range), MismatchError (a grid of a tokenizer that
 *   the vocabulary lacks, or with other codebooks), ShapeError, LimitError (an axis above 65,535)
 */
export function pack(vocabulary: Vocabulary, parts: readonly SequencePart[]): PackedSequence {
  if (!Array.isArray(parts)) {
    throw new ArgumentError("parts", {
      expected: "a list of text ids and token grids",
      got: typeof parts,
      remedy: "Write pack(vocabulary, [textIds, grid]).",
    });
  }
  const tables = new LayoutTables();
  const orders = (parts as readonly SequencePart[]).map((part) => {
    if (!isGrid(part)) return undefined;
    const block = checkGrid(vocabulary, part);
    return { block, order: tables.get(block.layout, part.shape, block.codebookSizes.length) };
  });
  let length = 0;
  const spans: PartSpan[] = [];
  const sides: TokenGrid["side"][] = [];
  for (const [i, part] of parts.entries()) {
    const start = length;
    const grid = orders[i];
    if (grid === undefined) length += (part as Int32Array).length;
    else {
      length += 2 + 2 * grid.block.axes + grid.order.length;
      sides.push((part as TokenGrid).side);
    }
    spans.push({ start, end: length, modality: grid?.block.id ?? "text" });
  }
  const ids = new Int32Array(length);
  for (const [i, part] of parts.entries()) {
    const { start } = spans[i]!;
    const grid = orders[i];
    if (grid === undefined) writeText(vocabulary, part as Int32Array, ids, start);
    else writeGrid(vocabulary, grid.block, part as TokenGrid, grid.order, ids, start);
  }
  return { ids, spans, sides };
}

function isGrid(part: SequencePart): part is TokenGrid {
  if (part instanceof Int32Array || Array.isArray(part)) return false;
  if (typeof part === "object" && part !== null && "codes" in part) return true;
  throw new ArgumentError("part", {
    expected: "an Int32Array or list of text ids, or a TokenGrid",
    got: part === null ? "null" : typeof part,
    remedy: "Encode text by the base model's tokenizer and media by a dtok tokenizer first.",
  });
}

function checkGrid(vocabulary: Vocabulary, grid: TokenGrid): ModalityIds {
  if (grid.tokenizer === undefined) {
    throw new MismatchError("token grid", {
      expected: "a grid that names its tokenizer",
      got: "none",
      remedy: "Set grid.tokenizer to the modality's id.",
    });
  }
  const block = vocabulary.modality(grid.tokenizer);
  const { codebookSizes, axes } = block;
  const [rows, width] = grid.codes.shape;
  if (
    grid.codebookSizes.length !== codebookSizes.length ||
    grid.codebookSizes.some((size, q) => size !== codebookSizes[q])
  ) {
    throw new MismatchError(`grid of ${block.id}`, {
      expected: `codebooks of ${codebookSizes.join(", ")}`,
      got: grid.codebookSizes.join(", "),
      remedy: "Build the vocabulary from the manifest of the tokenizer that made the grid.",
    });
  }
  if (
    grid.shape.length !== axes ||
    !grid.shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1) ||
    positionsOf(grid.shape) !== rows ||
    width !== codebookSizes.length ||
    grid.codes.data.length !== rows * width
  ) {
    throw new ShapeError(`grid of ${block.id}`, {
      expected: `${axes} axes of at least 1 and codes [their product, ${codebookSizes.length}]`,
      got: `shape [${grid.shape.join(", ")}] with codes [${rows}, ${width}]`,
      remedy: "Leave empty grids out of the sequence.",
    });
  }
  if (grid.shape.some((extent) => extent > MAX_EXTENT)) {
    throw new LimitError(`grid of ${block.id}`, {
      expected: `axes of at most ${MAX_EXTENT}`,
      got: `[${grid.shape.join(", ")}]`,
      remedy: "Cut the signal into pieces.",
    });
  }
  return block;
}

function writeText(
  { base }: Vocabulary,
  text: ArrayLike<number>,
  ids: Int32Array,
  start: number,
): void {
  for (let i = 0; i < text.length; i++) {
    const id = text[i]!;
    if (!Number.isInteger(id) || id < 0 || id >= base) {
      throw new CodeRangeError("text", {
        expected: `ids in [0, ${base})`,
        got: `${id} at ${i}`,
        remedy: "Encode text by the tokenizer that the vocabulary was built on.",
      });
    }
    ids[start + i] = id;
  }
}

function writeGrid(
  vocabulary: Vocabulary,
  block: ModalityIds,
  grid: TokenGrid,
  order: Int32Array,
  ids: Int32Array,
  start: number,
): void {
  const { data } = grid.codes;
  const { offsets, codebookSizes, pad, row } = block;
  const levels = codebookSizes.length;
  let at = start;
  ids[at++] = block.begin;
  for (const extent of grid.shape) {
    ids[at++] = vocabulary.sizes + Math.floor(extent / SIZE_TOKENS);
    ids[at++] = vocabulary.sizes + (extent % SIZE_TOKENS);
  }
  for (let i = 0; i < order.length; i++) {
    const cell = order[i]!;
    if (cell < 0) {
      ids[at++] = cell === PAD_PLACE ? pad : row;
      continue;
    }
    const code = data[cell]!;
    const level = levels === 1 ? 0 : cell % levels;
    if (code < 0 || code >= codebookSizes[level]!) {
      throw new CodeRangeError(`grid of ${block.id}`, {
        expected: `codes in [0, ${codebookSizes[level]}) in codebook ${level}`,
        got: `${code} at position ${Math.floor(cell / levels)}`,
        remedy: "Make the grid by createTokenGrid, which checks its codes.",
      });
    }
    ids[at++] = code + offsets[level]!;
  }
  ids[at] = block.end;
}
