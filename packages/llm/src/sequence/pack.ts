/* Parts of several modalities as one sequence of ids. The inverse is in parse.ts. */
import { ArgumentError, CodeRangeError, LimitError, MismatchError, ShapeError } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import { toRuns } from "../layouts/run-length.js";
import { MAX_EXTENT, SIZE_TOKENS } from "../vocabulary/vocabulary.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";
import { rulesOf } from "./rules.js";
import type { PlaceTable, SpanRules } from "./rules.js";

/** Text as ids of the base tokenizer, or tokens of a modality (`grid.tokenizer` says which). */
export type SequencePart = Int32Array | readonly number[] | TokenGrid;

/** Ids of one sequence. */
const MAX_LENGTH = 2 ** 30;

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
 * One sequence of ids: text as it is, each grid as begin, extent (where it is written), codes in the
 * modality's layout, end.
 * Side values (an image's size in pixels, a gain) do not go into ids and are returned beside them.
 *
 * @throws CodeRangeError (text or code outside its range), MismatchError (a grid of a tokenizer that
 *   the vocabulary lacks, or with other codebooks), ShapeError, LimitError (a written axis above 65,535)
 */
export function pack(vocabulary: Vocabulary, parts: readonly SequencePart[]): PackedSequence {
  if (!Array.isArray(parts)) {
    throw new ArgumentError("parts", {
      expected: "a list of text ids and token grids",
      got: typeof parts,
      remedy: "Write pack(vocabulary, [textIds, grid]).",
    });
  }
  let length = 0;
  const spans: PartSpan[] = [];
  const sides: TokenGrid["side"][] = [];
  const written: (WrittenGrid | undefined)[] = [];
  for (const part of parts as readonly SequencePart[]) {
    const start = length;
    const grid = isGrid(part) ? toWrite(vocabulary, part) : undefined;
    written.push(grid);
    if (grid === undefined) length += (part as Int32Array).length;
    else {
      length += grid.length;
      sides.push((part as TokenGrid).side);
    }
    spans.push({ start, end: length, modality: grid?.rules.block.id ?? "text" });
  }
  if (length > MAX_LENGTH) {
    throw new LimitError("sequence", {
      expected: `at most ${MAX_LENGTH} ids`,
      got: String(length),
      remedy: "Pack fewer parts at once.",
    });
  }
  const ids = new Int32Array(length);
  for (const [i, grid] of written.entries()) {
    const { start } = spans[i]!;
    if (grid === undefined) writeText(vocabulary, parts[i] as Int32Array, ids, start);
    else writeGrid(vocabulary, grid, ids, start);
  }
  return { ids, spans, sides };
}

/** A grid's codes as its layout writes them (runs, where it merges them). */
interface WrittenGrid {
  readonly rules: SpanRules;
  readonly data: Int32Array;
  /** Extent, where it is written. */
  readonly head: readonly number[];
  /** Places of the whole span, or what repeats of an open one. */
  readonly table: PlaceTable;
  readonly length: number;
}

function toWrite(vocabulary: Vocabulary, grid: TokenGrid): WrittenGrid {
  const block = checkGrid(vocabulary, grid);
  const rules = rulesOf(block);
  const [rows] = grid.codes.shape;
  if (block.extent === "open") {
    if (rows % rules.period !== 0) {
      throw new ShapeError(`grid of ${block.id}`, {
        expected: `a multiple of ${rules.period} positions, as ${block.layout} writes open spans`,
        got: String(rows),
        remedy: 'Pad the grid, or let the vocabulary write extents (extent: "written").',
      });
    }
    const codes = block.durations > 0 ? toRuns(grid.codes, block.durations) : grid.codes;
    const places = (codes.shape[0] / rules.period) * rules.periodPlaces;
    return { rules, data: codes.data, head: [], table: rules.openTable, length: places + 2 };
  }
  const { fixed } = rules;
  if (fixed !== undefined && grid.shape.some((extent, i) => extent !== fixed[i])) {
    throw new ShapeError(`grid of ${block.id}`, {
      expected: `the vocabulary's extent [${fixed.join(", ")}]`,
      got: `[${grid.shape.join(", ")}]`,
      remedy: 'Let the vocabulary write extents (extent: "written").',
    });
  }
  const head = fixed === undefined ? grid.shape : [];
  const table = rules.table(grid.shape);
  const length = 2 + 2 * head.length + table.cells.length;
  return { rules, data: grid.codes.data, head, table, length };
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
    !(grid.codes.data instanceof Int32Array) ||
    grid.codes.data.length !== rows * width
  ) {
    throw new ShapeError(`grid of ${block.id}`, {
      expected: `${axes} axes of at least 1 and codes [their product, ${codebookSizes.length}]`,
      got: `shape [${grid.shape.join(", ")}] with codes [${rows}, ${width}]`,
      remedy: "Leave empty grids out of the sequence.",
    });
  }
  if (block.extent === "written" && grid.shape.some((extent) => extent > MAX_EXTENT)) {
    throw new LimitError(`grid of ${block.id}`, {
      expected: `axes of at most ${MAX_EXTENT}`,
      got: `[${grid.shape.join(", ")}]`,
      remedy: 'Cut the signal into pieces, or leave the extent open (extent: "open").',
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
  // A plain list may hold fractions and more than 32 bits; what an Int32Array keeps of them differs.
  if (text instanceof Int32Array) ids.set(text, start);
  else for (let i = 0; i < text.length; i++) ids[start + i] = text[i]!;
  for (let i = 0; i < text.length; i++) {
    const id = text[i]!;
    if (id >= 0 && id < base && ids[start + i] === id) continue;
    throw new CodeRangeError("text", {
      expected: `ids in [0, ${base})`,
      got: `${id} at ${i}`,
      remedy: "Encode text by the tokenizer that the vocabulary was built on.",
    });
  }
}

function writeGrid(
  vocabulary: Vocabulary,
  { rules, data, head, table, length }: WrittenGrid,
  ids: Int32Array,
  start: number,
): void {
  const { block } = rules;
  let at = start;
  ids[at++] = block.begin;
  for (const extent of head) {
    ids[at++] = vocabulary.sizes + Math.floor(extent / SIZE_TOKENS);
    ids[at++] = vocabulary.sizes + (extent % SIZE_TOKENS);
  }
  const end = start + length - 1;
  // Once for a table of the whole span; an open span's repeats.
  for (let base = 0; at < end;) {
    const places = Math.min(table.cells.length, end - at);
    const bad = writePlaces(rules, table, places, data, base, ids, at);
    if (bad >= 0) {
      const level = bad % rules.levels;
      throw new CodeRangeError(`grid of ${block.id}`, {
        expected: `codes in [0, ${rules.counts[level]}) in codebook ${level}`,
        got: `${data[bad]} at position ${Math.floor(bad / rules.levels)}`,
        remedy: "Make the grid by createTokenGrid, which checks its codes.",
      });
    }
    at += places;
    base += places === table.cells.length ? cellsOf(rules, table) : 0;
  }
  ids[at] = block.end;
}

/** Cells that a whole open table holds. */
function cellsOf({ levels, period, periodPlaces }: SpanRules, { cells }: PlaceTable): number {
  return period === 0 ? 0 : (cells.length / periodPlaces) * period * levels;
}

/** The inner loop: -1, or the first cell whose code is out of range. */
function writePlaces(
  { firsts, counts }: SpanRules,
  { cells, kinds }: PlaceTable,
  places: number,
  data: Int32Array,
  base: number,
  ids: Int32Array,
  at: number,
): number {
  for (let p = 0; p < places; p++) {
    const cell = cells[p]!;
    const kind = kinds[p]!;
    if (cell < 0) ids[at + p] = firsts[kind]!;
    else {
      const code = data[base + cell]!;
      if (code < 0 || code >= counts[kind]!) return base + cell;
      ids[at + p] = code + firsts[kind]!;
    }
  }
  return -1;
}
