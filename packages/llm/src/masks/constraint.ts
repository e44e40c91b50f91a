/*
 * Which ids may come next, as a bitset: bit id % 32 of word id / 32 (least significant first). A
 * model whose other logits are set to -Infinity writes nothing but whole, valid spans.
 */
import { ArgumentError, ShapeError } from "@dtok/core";
import { SequenceCursor } from "../sequence/cursor.js";
import { MAX_EXTENT, SIZE_TOKENS } from "../vocabulary/vocabulary.js";
import type { Vocabulary } from "../vocabulary/vocabulary.js";

/** Where a walk down a trie stands; opaque. */
export interface TrieLike<Position = unknown> {
  /** Codes of an ID: the codebooks of the modality. */
  readonly depth: number;
  readonly root: Position;
  step(position: Position, code: number): Position | undefined;
  allowed(position: Position): ArrayLike<number>;
}

export interface ConstraintOptions {
  /** Text ids that may come between spans: all, none, or a list (the end of sequence). Default all. */
  readonly text?: boolean | readonly number[];
  /** Modalities that may begin. Default all. */
  readonly modalities?: readonly string[];
  /** Extents that a modality's grids must have: { "image/photo-16x": [16, 16] }. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** IDs that a modality's positions may take: the catalogue's trie (PrefixTrie of @dtok/recsys fits). */
  readonly tries?: Readonly<Record<string, TrieLike>>;
  /** Largest grid that may be begun. Default 2^20 positions. */
  readonly maxPositions?: number;
}

/** Follows one sequence and tells its allowed next ids. */
export class TokenConstraint {
  /** Words of a mask: ceil(size / 32). */
  readonly words: number;
  private readonly cursor: SequenceCursor;
  private readonly between: Uint32Array;
  private trie: unknown;

  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly options: ConstraintOptions = {},
  ) {
    const { text = true, modalities, shapes = {}, tries = {}, maxPositions } = options;
    this.cursor = new SequenceCursor(vocabulary, maxPositions);
    this.words = Math.ceil(vocabulary.size / 32);
    this.between = new Uint32Array(this.words);
    if (text === true) setRange(this.between, 0, vocabulary.base);
    else if (text !== false) {
      for (const id of text) {
        if (!Number.isInteger(id) || id < 0 || id >= vocabulary.base) {
          throw new ArgumentError("text", {
            expected: `ids in [0, ${vocabulary.base})`,
            got: String(id),
            remedy: "List ids of the base tokenizer, such as its end of sequence.",
          });
        }
        setRange(this.between, id, id + 1);
      }
    }
    for (const name of modalities ?? vocabulary.modalities.map(({ id }) => id)) {
      const { begin } = vocabulary.modality(name);
      setRange(this.between, begin, begin + 1);
    }
    for (const [name, shape] of Object.entries(shapes)) {
      const { axes } = vocabulary.modality(name);
      const fits =
        shape.length === axes &&
        shape.every((n) => Number.isInteger(n) && n >= 1 && n <= MAX_EXTENT) &&
        shape.reduce((a, b) => a * b, 1) <= this.cursor.maxPositions;
      if (!fits) {
        throw new ShapeError(`extent of ${name}`, {
          expected: `${axes} axes of 1 to ${MAX_EXTENT}, at most ${this.cursor.maxPositions} positions`,
          got: `[${shape.join(", ")}]`,
          remedy: "Give the extent in positions of the grid.",
        });
      }
    }
    for (const [name, trie] of Object.entries(tries)) {
      const { codebookSizes, layout } = vocabulary.modality(name);
      const together = layout === "interleaved" || layout === "row-separated";
      if (
        trie.depth !== codebookSizes.length ||
        !together ||
        trie.allowed(trie.root).length === 0
      ) {
        throw new ArgumentError(`trie of ${name}`, {
          expected: `IDs of ${codebookSizes.length} codes, at least one, and an interleaved layout`,
          got: `${trie.depth} codes in the layout ${layout}`,
          remedy: "Build the trie from the same IDs as the modality.",
        });
      }
    }
  }

  /** True between spans, where a sequence may end. */
  get complete(): boolean {
    return this.cursor.block === undefined;
  }

  /** Back to the empty sequence. */
  reset(): void {
    this.cursor.reset();
  }

  /**
   * One id further. The grammar must allow it; the options need not, so that a prompt may hold what
   * the model itself may not write.
   *
   * @throws CodeRangeError, LimitError
   */
  advance(id: number): void {
    const { cursor } = this;
    const trie = this.currentTrie();
    const cell = cursor.order[cursor.place] ?? -1;
    const level = trie === undefined || cell < 0 ? -1 : cell % trie.depth;
    cursor.advance(id);
    if (level >= 0) {
      const at = level === 0 ? trie!.root : this.trie;
      const code = id - cursor.block!.offsets[level]!;
      this.trie = at === undefined ? undefined : trie!.step(at, code);
    }
  }

  /**
   * The allowed next ids.
   *
   * @param out filled and returned where given, `words` long
   */
  allowed(out: Uint32Array = new Uint32Array(this.words)): Uint32Array {
    if (out.length !== this.words) {
      throw new ShapeError("mask", {
        expected: `${this.words} words`,
        got: String(out.length),
        remedy: "Make it by new Uint32Array(constraint.words).",
      });
    }
    const { cursor, vocabulary } = this;
    const { block } = cursor;
    if (block === undefined) {
      out.set(this.between);
      return out;
    }
    out.fill(0);
    if (cursor.inHead) {
      const [first, end] = this.sizeRange();
      setRange(out, vocabulary.sizes + first, vocabulary.sizes + end);
      return out;
    }
    const trie = this.currentTrie();
    const cell = cursor.order[cursor.place] ?? -1;
    if (trie === undefined || cell < 0) {
      const [first, end] = cursor.range();
      setRange(out, first, end);
      return out;
    }
    const level = cell % trie.depth;
    const at = level === 0 ? trie.root : this.trie;
    // A prompt may hold an ID that no item has; what follows it is then free, so that it can end.
    const codes = at === undefined ? undefined : trie.allowed(at);
    if (codes === undefined) setRange(out, ...cursor.range());
    else {
      for (let i = 0; i < codes.length; i++) {
        const id = block.offsets[level]! + codes[i]!;
        out[id >>> 5]! |= 1 << (id & 31);
      }
    }
    return out;
  }

  private currentTrie(): TrieLike | undefined {
    const { block, inHead } = this.cursor;
    return block === undefined || inHead ? undefined : this.options.tries?.[block.id];
  }

  /** Values [first, end) that the next size token may have. */
  private sizeRange(): readonly [number, number] {
    const { cursor } = this;
    const wanted = this.options.shapes?.[cursor.block!.id]?.[cursor.shape.length];
    if (wanted !== undefined) {
      const high = Math.floor(wanted / SIZE_TOKENS);
      if (cursor.high < 0) return [high, high + 1];
      if (cursor.high === high) return [wanted % SIZE_TOKENS, (wanted % SIZE_TOKENS) + 1];
    }
    const most = Math.min(cursor.extentLeft, MAX_EXTENT);
    const mostHigh = Math.floor(most / SIZE_TOKENS);
    if (cursor.high < 0) return [0, mostHigh + 1];
    return [
      cursor.high === 0 ? 1 : 0,
      cursor.high === mostHigh ? (most % SIZE_TOKENS) + 1 : SIZE_TOKENS,
    ];
  }
}

/** Sets the bits [first, end). */
export function setRange(words: Uint32Array, first: number, end: number): void {
  if (first >= end) return;
  const a = first >>> 5;
  const b = (end - 1) >>> 5;
  const head = -1 << (first & 31);
  const tail = -1 >>> (31 - ((end - 1) & 31));
  if (a === b) words[a]! |= head & tail;
  else {
    words[a]! |= head;
    words.fill(0xffffffff, a + 1, b);
    words[b]! |= tail;
  }
}

/** True if the mask allows `id`. */
export function isAllowed(mask: Uint32Array, id: number): boolean {
  return ((mask[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
}

/** Sets the logits of ids that the mask forbids to -Infinity, and those behind the mask's end. */
export function applyMask(mask: Uint32Array, logits: Float32Array): void {
  const words = Math.ceil(logits.length / 32);
  for (let w = 0; w < words; w++) {
    const bits = mask[w] ?? 0;
    const from = w * 32;
    const end = Math.min(from + 32, logits.length);
    if (bits === 0) logits.fill(-Infinity, from, end);
    else if (bits !== 0xffffffff) {
      for (let i = from; i < end; i++) if ((bits & (1 << (i - from))) === 0) logits[i] = -Infinity;
    }
  }
}
