/*
 * All IDs of a catalogue as a prefix trie in typed arrays: which item an ID names, and which tokens
 * may follow a prefix (constrained decoding: an LLM that may only choose among them cannot write an
 * ID that no item has).
 *
 * Level by level, nodes lie in the order of their prefixes; the children of node n of level l are the
 * nodes [first[l][n], first[l][n + 1]) of level l + 1, with rising codes. Per ID that is at most
 * (2 or 4 bytes of code + 4 of position) per level plus 4 of row: about 30 bytes for 4 levels x 256.
 */
import { ArgumentError, LimitError, ShapeError, checkCodes } from "@dtok/core";
import type { Codes } from "@dtok/core";

/** Codes of a level. */
type CodeArray = Uint8Array | Uint16Array | Int32Array;

interface Level {
  /** Code of each node. */
  readonly codes: CodeArray;
  /** Where each node's children begin in the next level, and the end of the last; rows in the last level. */
  readonly first: Uint32Array;
}

/** What a walk down the trie stands on. Opaque: made by `root` and `step`. */
export interface TriePosition {
  /** Codes taken so far. */
  readonly depth: number;
  /** Nodes [begin, end) of level `depth` are the children. */
  readonly begin: number;
  readonly end: number;
}

/** Immutable; made by `buildTrie`. */
export class PrefixTrie {
  /** IDs in it. */
  readonly count: number;
  /** Levels of an ID. */
  readonly depth: number;

  /** @internal */
  constructor(
    readonly codebookSizes: readonly number[],
    private readonly levels: readonly Level[],
    /** Row of each ID, in the order of IDs. */
    private readonly rows: Int32Array,
  ) {
    this.count = rows.length;
    this.depth = codebookSizes.length;
  }

  /** Bytes of its arrays. */
  get byteLength(): number {
    return this.levels.reduce(
      (sum, { codes, first }) => sum + codes.byteLength + first.byteLength,
      this.rows.byteLength,
    );
  }

  /** Where every ID begins. */
  get root(): TriePosition {
    return { depth: 0, begin: 0, end: this.levels[0]!.codes.length };
  }

  /** One code further; undefined where no ID goes on so. */
  step(position: TriePosition, code: number): TriePosition | undefined {
    const level = this.levels[position.depth];
    if (level === undefined) return undefined;
    const node = find(level.codes, position.begin, position.end, code);
    if (node < 0) return undefined;
    return { depth: position.depth + 1, begin: level.first[node]!, end: level.first[node + 1]! };
  }

  /** Row of the item that has this ID, -1 if none has. */
  lookup(codes: ArrayLike<number>): number {
    if (codes.length !== this.depth) return -1;
    let begin = 0;
    let end = this.levels[0]!.codes.length;
    let node = -1;
    const last = this.depth - 1;
    for (let l = 0; l <= last; l++) {
      const level = this.levels[l]!;
      node = find(level.codes, begin, end, codes[l]!);
      if (node < 0) return -1;
      // Each array of a large trie that is not touched is a cache miss less.
      if (l === last) break;
      begin = level.first[node]!;
      end = level.first[node + 1]!;
    }
    return this.rows[node]!;
  }

  /** True if some ID begins so; the empty prefix always does. */
  has(prefix: ArrayLike<number>): boolean {
    return this.walk(prefix) !== undefined;
  }

  /**
   * Codes that may follow a prefix, rising: a view, not to be written to. Empty after a whole ID and
   * after a prefix that no ID has.
   */
  allowed(prefix: ArrayLike<number> | TriePosition): CodeArray {
    const at = "length" in prefix ? this.walk(prefix) : prefix;
    const level = at === undefined ? undefined : this.levels[at.depth];
    return level === undefined || at === undefined
      ? new Uint8Array(0)
      : level.codes.subarray(at.begin, at.end);
  }

  /**
   * The same as a mask over the next level's codes: 1 where allowed, else 0.
   *
   * @param out filled and returned where given; as long as the level has codes
   */
  mask(prefix: ArrayLike<number> | TriePosition, out?: Uint8Array): Uint8Array {
    const depth = "length" in prefix ? prefix.length : prefix.depth;
    const size = this.codebookSizes[depth];
    if (size === undefined) {
      throw new ArgumentError("prefix", {
        expected: `fewer than ${this.depth} codes`,
        got: String(depth),
        remedy: "A whole ID has no next token: end the item there.",
      });
    }
    if (out !== undefined && out.length !== size) {
      throw new ShapeError("mask", {
        expected: `${size} bytes, one per code of level ${depth}`,
        got: String(out.length),
        remedy: "Keep one mask per level.",
      });
    }
    const mask = out?.fill(0) ?? new Uint8Array(size);
    const codes = this.allowed(prefix);
    for (let i = 0; i < codes.length; i++) mask[codes[i]!] = 1;
    return mask;
  }

  /** Rows of all items under a prefix, in the order of their IDs: a view, not to be written to. */
  rowsUnder(prefix: ArrayLike<number>): Int32Array {
    const at = this.walk(prefix);
    if (at === undefined) return this.rows.subarray(0, 0);
    let { begin, end } = at;
    if (at.depth === this.depth) return this.rows.subarray(begin, end);
    for (let l = at.depth; l < this.depth - 1; l++) {
      begin = this.levels[l]!.first[begin]!;
      end = this.levels[l]!.first[end]!;
    }
    return this.rows.subarray(begin, end);
  }

  /** Distinct prefixes of `length` codes. */
  prefixes(length: number): number {
    if (length === 0) return 1;
    const level = this.levels[length - 1];
    if (level === undefined) {
      throw new ArgumentError("prefix length", {
        expected: `an integer in [0, ${this.depth}]`,
        got: String(length),
        remedy: "Ask for no more levels than IDs have.",
      });
    }
    return level.codes.length;
  }

  private walk(prefix: ArrayLike<number>): TriePosition | undefined {
    let at: TriePosition | undefined = this.root;
    for (let i = 0; i < prefix.length && at !== undefined; i++) at = this.step(at, prefix[i]!);
    return at;
  }
}

/**
 * The trie of codes [N, Q], N >= 0. Row n of the codes is row n of the trie's answers.
 *
 * Takes N (8 + Q) bytes of work space, and no more than a few passes over the codes per level.
 *
 * @throws ArgumentError if two rows have the same ID; LimitError beyond 2^31 - 1 rows
 */
export function buildTrie(codes: Codes, codebookSizes: readonly number[]): PrefixTrie {
  const rows = checkCodes(codes, codebookSizes);
  if (rows > 2 ** 31 - 1) {
    throw new LimitError("prefix trie", {
      expected: "at most 2^31 - 1 IDs",
      got: String(rows),
      remedy: "Keep one trie per part of the catalogue.",
    });
  }
  const { data } = codes;
  const depth = codebookSizes.length;
  const order = sortRows(codes, codebookSizes);
  // How many leading codes each ID shares with the one before it.
  const shared = new Uint8Array(rows);
  const nodes = new Float64Array(depth);
  for (let i = 0; i < rows; i++) {
    let same = 0;
    if (i > 0) {
      const [a, b] = [order[i]! * depth, order[i - 1]! * depth];
      while (same < depth && data[a + same] === data[b + same]) same++;
      if (same === depth) {
        throw new ArgumentError("prefix trie", {
          expected: "a different ID for every row",
          got: `the ID ${data.slice(a, a + depth).join(", ")} at rows ${order[i - 1]} and ${order[i]}`,
          remedy: "Resolve collisions first (resolveCollisions).",
        });
      }
    }
    shared[i] = same;
    for (let l = same; l < depth; l++) nodes[l]!++;
  }
  const levels: Level[] = codebookSizes.map((size, l) => ({
    codes: codeArray(size, nodes[l]!),
    first: new Uint32Array(nodes[l]! + 1),
  }));
  const at = new Float64Array(depth);
  for (let i = 0; i < rows; i++) {
    const from = order[i]! * depth;
    for (let l = shared[i]!; l < depth; l++) {
      const node = at[l]!++;
      levels[l]!.codes[node] = data[from + l]!;
      // Where the next level stands now is where this node's children begin.
      levels[l]!.first[node] = l + 1 < depth ? at[l + 1]! : node;
    }
  }
  for (let l = 0; l < depth; l++) {
    levels[l]!.first[nodes[l]!] = l + 1 < depth ? nodes[l + 1]! : nodes[l]!;
  }
  return new PrefixTrie([...codebookSizes], levels, new Int32Array(order.buffer, 0, rows));
}

/** Rows in the order of their IDs: counting sort by the last level first. Equal IDs keep their order. */
export function sortRows({ data, shape }: Codes, codebookSizes: readonly number[]): Uint32Array {
  const [rows, depth] = shape;
  let order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  let next = new Uint32Array(rows);
  for (let l = depth - 1; l >= 0; l--) {
    // Large levels take two passes of digits, so that counts stay in the cache.
    const size = codebookSizes[l]!;
    for (let shift = 0; shift === 0 || size > 2 ** shift; shift += 16) {
      const counts = new Uint32Array(Math.min(size, 65536) + 1);
      for (let i = l; i < data.length; i += depth) counts[((data[i]! >>> shift) & 0xffff) + 1]!++;
      for (let k = 1; k < counts.length; k++) counts[k]! += counts[k - 1]!;
      for (let i = 0; i < rows; i++) {
        const row = order[i]!;
        next[counts[(data[row * depth + l]! >>> shift) & 0xffff]!++] = row;
      }
      [order, next] = [next, order];
    }
  }
  return order;
}

function codeArray(size: number, length: number): CodeArray {
  if (size <= 256) return new Uint8Array(length);
  return size <= 65536 ? new Uint16Array(length) : new Int32Array(length);
}

/** Index of `code` among the rising codes [begin, end), -1 if it is not there. */
function find(codes: CodeArray, begin: number, end: number, code: number): number {
  let low = begin;
  let high = end - 1;
  // Children that lack no code between their first and last need no search.
  if (high >= low) {
    const guess = low + code - codes[low]!;
    if (guess >= low && guess <= high && codes[guess] === code) return guess;
  }
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = codes[middle]!;
    if (found === code) return middle;
    if (found < code) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
