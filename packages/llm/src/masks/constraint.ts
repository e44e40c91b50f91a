/*
 * Which ids may come next, as a bitset: bit id % 32 of word id / 32 (least significant first). A
 * model whose other logits are set to -Infinity writes nothing but whole, valid spans.
 */
import { ArgumentError, ShapeError } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import { SequenceCursor } from "../sequence/cursor.js";
import { rulesOf } from "../sequence/rules.js";
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
  /** Extents that a modality's grids must have, in positions: { "image/photo-16x": [16, 16] }. */
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
  private readonly roots = new Map<string, Uint32Array>();
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
      const block = vocabulary.modality(name);
      if (this.cursor.mayBegin(block)) setRange(this.between, block.begin, block.begin + 1);
    }
    for (const [name, shape] of Object.entries(shapes)) this.checkShape(name, shape);
    for (const [name, trie] of Object.entries(tries)) {
      const block = vocabulary.modality(name);
      const depth = block.codebookSizes.length;
      const codes = trie.allowed(trie.root);
      if (trie.depth !== depth || codes.length === 0 || !isContiguous(vocabulary, name)) {
        throw new ArgumentError(`trie of ${name}`, {
          expected: `IDs of ${depth} codes, at least one, in a layout that writes each whole (items)`,
          got: `${trie.depth} codes in the layout ${block.layout}`,
          remedy: "Build the trie from the same IDs as the modality.",
        });
      }
      // Every ID begins at the root, which may have as many codes as there are items.
      const root = new Uint32Array(this.words);
      setCodes(root, block.offsets[0]!, codes);
      this.roots.set(name, root);
    }
  }

  private checkShape(name: string, shape: readonly number[]): void {
    const block = this.vocabulary.modality(name);
    const { fixed, period } = rulesOf(block);
    const most = block.extent === "open" ? this.cursor.maxPositions : MAX_EXTENT;
    const fits =
      shape.length === block.axes &&
      shape.every((n) => Number.isInteger(n) && n >= 1 && n <= most) &&
      positionsOf(shape) <= this.cursor.maxPositions &&
      (period === 0 || shape[0]! % period === 0) &&
      (fixed === undefined || fixed.join() === shape.join());
    if (fits) return;
    throw new ShapeError(`extent of ${name}`, {
      expected:
        fixed !== undefined
          ? `the vocabulary's [${fixed.join(", ")}]`
          : `${block.axes} axes of 1 to ${most}, at most ${this.cursor.maxPositions} positions${
              period > 1 ? `, a multiple of ${period}` : ""
            }`,
      got: `[${shape.join(", ")}]`,
      remedy: "Give the extent in positions of the grid.",
    });
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
    const level = trie === undefined ? -1 : this.trieLevel(trie);
    const ends = id === cursor.block?.end;
    cursor.advance(id);
    if (level >= 0 && !ends) {
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
    if (cursor.inHead) {
      const [first, end] = this.sizeRange();
      out.fill(0);
      setRange(out, vocabulary.sizes + first, vocabulary.sizes + end);
      return out;
    }
    const wanted = cursor.open ? this.options.shapes?.[block.id]?.[0] : undefined;
    const left = wanted === undefined ? Infinity : wanted - cursor.positions;
    const { canEnd } = cursor;
    const trie = this.currentTrie();
    const level = trie === undefined ? -1 : this.trieLevel(trie);
    // A wanted length that a prompt already went beyond can only end.
    const mayGoOn = left > 0 || !canEnd;
    if (level === 0 && mayGoOn && hasMore(cursor)) out.set(this.roots.get(block.id)!);
    else {
      out.fill(0);
      if (mayGoOn) this.setNext(out, trie, level, left);
    }
    if (canEnd && (left <= 0 || wanted === undefined)) setRange(out, block.end, block.end + 1);
    return out;
  }

  /** The ids that go on with the span. */
  private setNext(out: Uint32Array, trie: TrieLike | undefined, level: number, left: number): void {
    const { cursor } = this;
    const block = cursor.block!;
    const [first, end] = cursor.range();
    // A prompt may hold an ID that no item has; what follows it is then free, so that it can end.
    if (trie !== undefined && level > 0 && this.trie !== undefined) {
      setCodes(out, block.offsets[level]!, trie.allowed(this.trie));
      return;
    }
    const isDuration =
      block.durations > 0 && cursor.table.kinds[cursor.place] === cursor.rules.levels - 1;
    setRange(out, first, isDuration ? Math.min(end, first + Math.max(left, 1)) : end);
  }

  /** Level of the code that comes next; -1 where it is none. */
  private trieLevel(trie: TrieLike): number {
    const { table, place, rules } = this.cursor;
    const cell = table.cells[place] ?? -1;
    const level = cell < 0 ? -1 : cell % rules.levels;
    return level < trie.depth ? level : -1;
  }

  private currentTrie(): TrieLike | undefined {
    const { block, inHead } = this.cursor;
    return block === undefined || inHead ? undefined : this.options.tries?.[block.id];
  }

  /** Values [first, end) that the next size token may have. */
  private sizeRange(): readonly [number, number] {
    const { cursor } = this;
    const wanted = this.options.shapes?.[cursor.block!.id]?.[cursor.shape.length];
    // Behind a prompt's own first axis the wanted second may be too much.
    if (wanted !== undefined && wanted <= cursor.extentLeft) {
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

function hasMore(cursor: SequenceCursor): boolean {
  const [first, end] = cursor.range();
  return first < end;
}

/** True if the codes of a position stand together, the first codebook first. */
function isContiguous(vocabulary: Vocabulary, name: string): boolean {
  const { axes, extent } = vocabulary.modality(name);
  const rules = rulesOf(vocabulary.modality(name));
  const shape = typeof extent === "string" ? [2, 2, 2].slice(0, axes) : extent;
  const { cells } = extent === "open" ? rules.openTable : rules.table(shape);
  return cells.every((cell, p) => cell % rules.levels <= 0 || cells[p - 1] === cell - 1);
}

/** Sets the bits of codes, rising or not. */
function setCodes(words: Uint32Array, offset: number, codes: ArrayLike<number>): void {
  const count = codes.length;
  if (count === 0) return;
  const first = codes[0]! + offset;
  // Rising codes without a gap, as a trie's root often has: one range.
  if (codes[count - 1]! + offset - first === count - 1 && isRun(codes)) {
    setRange(words, first, first + count);
    return;
  }
  // Rising codes touch each word once.
  let word = first >>> 5;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const id = codes[i]! + offset;
    if (id >>> 5 !== word) {
      words[word]! |= bits;
      word = id >>> 5;
      bits = 0;
    }
    bits |= 1 << (id & 31);
  }
  words[word]! |= bits;
}

function isRun(codes: ArrayLike<number>): boolean {
  for (let i = 1; i < codes.length; i++) if (codes[i] !== codes[i - 1]! + 1) return false;
  return true;
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
    if (bits === 0xffffffff) continue;
    const from = w * 32;
    if (bits === 0) {
      // Nearly all of a mask is zero: one fill for as many words as there are.
      while (w + 1 < words && (mask[w + 1] ?? 0) === 0) w++;
      logits.fill(-Infinity, from, Math.min((w + 1) * 32, logits.length));
      continue;
    }
    const end = Math.min(from + 32, logits.length);
    for (let i = from; i < end; i++) if ((bits & (1 << (i - from))) === 0) logits[i] = -Infinity;
  }
}
