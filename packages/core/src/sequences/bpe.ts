import {
  ArgumentError,
  CodeRangeError,
  FormatError,
  IntegrityError,
  LimitError,
  MismatchError,
} from "../errors/index.js";
import { crc32 } from "../formats/crc32.js";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.js";
import type { TokenGrid } from "../spec/codes.js";
import { trainMerges } from "./bpe-train.js";

export interface BpeOptions {
  /** K: codes are 0 to K - 1. */
  readonly size: number;
  /** Ids in all, at most: K codes and the merges. */
  readonly vocabulary: number;
  /** Occurrences that a pair must have to be merged. Default 2. */
  readonly leastCount?: number;
  /** Codes that one id may stand for. Default 256. */
  readonly longest?: number;
}

/** Most ids, most codes of one id, and most codes of all ids together: files from outside are bounded. */
const MAX_IDS = 2 ** 22;
const MAX_LENGTH = 2 ** 16;
const MAX_EXPANSION = 2 ** 27;
/** Most codes that `decode` gives. */
const MAX_CODES = 2 ** 29;

/**
 * Byte-pair encoding over the codes of one codebook: frequent runs of codes become ids of their own,
 * so that sequences are shorter and each id says more. Invertible: `decode(encode(codes))` is codes.
 * Immutable.
 *
 * Merges of codes 0 1 0 1 2:   (0, 1) is 3, then (3, 3) is 4:   4 2
 */
export class CodeBpe {
  /** Codes and merges. */
  readonly vocabulary: number;
  /** Rank of each pair by left * vocabulary + right. */
  private readonly ranks = new Map<number, number>();
  /** Codes of id i: codes[starts[i]] to codes[starts[i + 1] - 1]. */
  private readonly starts: Int32Array;
  private readonly codes: Int32Array;

  /**
   * @param size K
   * @param pairs merges [M, 2] in the order of their ranks; the i-th makes the id K + i
   */
  constructor(
    readonly size: number,
    readonly pairs: Int32Array,
  ) {
    const merges = pairs.length / 2;
    if (!Number.isSafeInteger(size) || size < 1 || !Number.isInteger(merges)) {
      throw new ArgumentError("merges", {
        expected: "a codebook of at least 1 code, and pairs [M, 2]",
        got: `${size} codes, ${pairs.length} numbers`,
        remedy: "Load what save wrote, or train them.",
      });
    }
    this.vocabulary = size + merges;
    if (this.vocabulary > MAX_IDS) throw tooMany(`${this.vocabulary} ids`);
    this.starts = new Int32Array(this.vocabulary + 1);
    for (let id = 0; id < size; id++) this.starts[id + 1] = id + 1;
    for (let i = 0; i < merges; i++) {
      const [a, b] = [pairs[2 * i]!, pairs[2 * i + 1]!];
      const id = size + i;
      const key = a * this.vocabulary + b;
      if (a < 0 || b < 0 || a >= id || b >= id || this.ranks.has(key)) {
        throw new FormatError("merges", {
          expected: `a new pair of ids below ${id}`,
          got: `${a}, ${b} as merge ${i}`,
          remedy: "Load what save wrote, or train them.",
        });
      }
      this.ranks.set(key, i);
      const length = this.lengthOf(a) + this.lengthOf(b);
      const end = this.starts[id]! + length;
      if (length > MAX_LENGTH || end > MAX_EXPANSION) throw tooMany(`${length} codes of one id`);
      this.starts[id + 1] = end;
    }
    this.codes = new Int32Array(this.starts[this.vocabulary]!);
    for (let id = 0; id < size; id++) this.codes[id] = id;
    for (let i = 0; i < merges; i++) {
      const at = this.starts[size + i]!;
      const [a, b] = [pairs[2 * i]!, pairs[2 * i + 1]!];
      this.codes.copyWithin(at, this.starts[a]!, this.starts[a + 1]!);
      this.codes.copyWithin(at + this.lengthOf(a), this.starts[b]!, this.starts[b + 1]!);
    }
  }

  /**
   * Learns merges from sequences of codes; nothing is merged across their ends. The same sequences
   * give the same merges: of pairs that are equally frequent the one with the lower ids comes first.
   *
   * @throws CodeRangeError for a code outside the codebook, LimitError beyond 2^28 codes
   */
  static train(sequences: Iterable<ArrayLike<number>>, options: BpeOptions): CodeBpe {
    const { size, vocabulary, leastCount = 2, longest = 256 } = options;
    const counts = { size, vocabulary, leastCount, longest };
    for (const [name, value] of Object.entries(counts)) {
      const least = name === "vocabulary" ? size : name === "leastCount" ? 2 : 1;
      const most = name === "longest" ? MAX_LENGTH : name === "leastCount" ? 2 ** 31 : MAX_IDS;
      if (!Number.isSafeInteger(value) || value < least || value > most) {
        throw new ArgumentError(name, {
          expected: `an integer in [${least}, ${most}]`,
          got: String(value),
          remedy: "K codes and up to vocabulary - K merges are numbered.",
        });
      }
    }
    const pieces: Int32Array[] = [];
    let total = 0;
    for (const sequence of sequences) {
      const piece = checkCodes(sequence, size);
      pieces.push(piece);
      total += piece.length + 1;
      if (total > 2 ** 28) throw tooMany("more than 2^28 codes to train on");
    }
    const corpus = new Int32Array(total).fill(-1);
    let at = 0;
    for (const piece of pieces) {
      corpus.set(piece, at);
      at += piece.length + 1;
    }
    return new CodeBpe(size, trainMerges(corpus, size, vocabulary, leastCount, longest));
  }

  /** Codes that an id stands for. */
  expansion(id: number): Int32Array {
    this.checkId(id);
    return this.codes.slice(this.starts[id]!, this.starts[id + 1]!);
  }

  /**
   * Codes to ids: the merge of the lowest rank first, of several places the leftmost.
   *
   * @throws CodeRangeError
   */
  encode(codes: ArrayLike<number>): Int32Array {
    const ids = checkCodes(codes, this.size);
    const n = ids.length;
    const { vocabulary, ranks, size } = this;
    const previous = new Int32Array(n);
    const next = new Int32Array(n);
    // Ranks and places as one number, so that the heap orders both.
    const heap = new Float64Array(2 * n + 1);
    let filled = 0;
    const push = (place: number): void => {
      const after = next[place]!;
      if (after >= n) return;
      const rank = ranks.get(ids[place]! * vocabulary + ids[after]!);
      if (rank === undefined) return;
      const item = rank * n + place;
      let i = filled++;
      while (i > 0) {
        const up = (i - 1) >> 1;
        if (heap[up]! <= item) break;
        heap[i] = heap[up]!;
        i = up;
      }
      heap[i] = item;
    };
    const pop = (): number => {
      if (filled === 0) return -1;
      const top = heap[0]!;
      const last = heap[--filled]!;
      let i = 0;
      for (;;) {
        let down = 2 * i + 1;
        if (down >= filled) break;
        if (down + 1 < filled && heap[down + 1]! < heap[down]!) down++;
        if (heap[down]! >= last) break;
        heap[i] = heap[down]!;
        i = down;
      }
      heap[i] = last;
      return top;
    };
    for (let i = 0; i < n; i++) {
      previous[i] = i - 1;
      next[i] = i + 1;
    }
    for (let i = 0; i + 1 < n; i++) push(i);
    let left = n;
    for (let item = pop(); item >= 0; item = pop()) {
      const place = item % n;
      const rank = (item - place) / n;
      const after = next[place]!;
      // A pair that another merge took is gone, and merged places hold -1.
      if (
        ids[place]! < 0 ||
        after >= n ||
        ids[place] !== this.pairs[2 * rank] ||
        ids[after] !== this.pairs[2 * rank + 1]
      ) {
        continue;
      }
      ids[place] = size + rank;
      ids[after] = -1;
      const end = next[after]!;
      next[place] = end;
      if (end < n) previous[end] = place;
      left--;
      push(place);
      if (previous[place]! >= 0) push(previous[place]!);
    }
    const out = new Int32Array(left);
    for (let i = 0, k = 0; i < n; i = next[i]!) out[k++] = ids[i]!;
    return out;
  }

  /**
   * Ids back to codes.
   *
   * @throws CodeRangeError for an id that is none, LimitError beyond 2^29 codes
   */
  decode(ids: ArrayLike<number>): Int32Array {
    let total = 0;
    for (let i = 0; i < ids.length; i++) {
      this.checkId(ids[i]!);
      total += this.lengthOf(ids[i]!);
    }
    if (total > MAX_CODES) throw tooMany(`${total} codes`);
    const out = new Int32Array(total);
    const { starts, codes } = this;
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const end = starts[ids[i]! + 1]!;
      for (let k = starts[ids[i]!]!; k < end; k++) out[at++] = codes[k]!;
    }
    return out;
  }

  /**
   * A grid [t] of one codebook as the shorter grid of its ids, to be packed as a modality of its own
   * with the codebook size `vocabulary`.
   */
  encodeGrid(grid: TokenGrid, tokenizer: string): TokenGrid {
    if (grid.shape.length !== 1 || grid.codebookSizes.length !== 1) {
      throw wrongGrid("one axis and one codebook", grid);
    }
    if (grid.codebookSizes[0] !== this.size) throw wrongGrid(`a codebook of ${this.size}`, grid);
    return this.gridOf(this.encode(grid.codes.data), this.vocabulary, grid.side, tokenizer);
  }

  /** The inverse of `encodeGrid`. */
  decodeGrid(grid: TokenGrid, tokenizer: string): TokenGrid {
    if (grid.shape.length !== 1 || grid.codebookSizes.join() !== String(this.vocabulary)) {
      throw wrongGrid(`one axis and a codebook of ${this.vocabulary}`, grid);
    }
    return this.gridOf(this.decode(grid.codes.data), this.size, grid.side, tokenizer);
  }

  /** A safetensors file: "pairs" int32 [M, 2], with the codebook's size and a checksum. */
  save(): Uint8Array {
    return writeSafetensors(
      { pairs: { data: this.pairs, shape: [this.pairs.length / 2, 2] } },
      { format: "dtok-bpe-1", size: String(this.size), crc32: checksum(this.pairs) },
    );
  }

  /** @throws FormatError, IntegrityError (a changed file), LimitError */
  static load(bytes: Uint8Array): CodeBpe {
    const { tensors, metadata } = readSafetensors(bytes);
    const { pairs } = tensors;
    if (
      metadata.format !== "dtok-bpe-1" ||
      !(pairs?.data instanceof Int32Array) ||
      pairs.shape[1] !== 2
    ) {
      throw new FormatError("merges", {
        expected: "a file of format dtok-bpe-1",
        got: metadata.format ?? "another file",
        remedy: "Load what CodeBpe.save wrote.",
      });
    }
    if (checksum(pairs.data) !== metadata.crc32) {
      throw new IntegrityError("merges", {
        expected: `checksum ${metadata.crc32}`,
        got: checksum(pairs.data),
        remedy: "The file was changed; take the one that the model was trained with.",
      });
    }
    return new CodeBpe(Number(metadata.size), pairs.data);
  }

  private lengthOf(id: number): number {
    return this.starts[id + 1]! - this.starts[id]!;
  }

  private checkId(id: number): void {
    if (Number.isInteger(id) && id >= 0 && id < this.vocabulary) return;
    throw new CodeRangeError("id", {
      expected: `an integer in [0, ${this.vocabulary})`,
      got: String(id),
      remedy: "Decode by the merges that encoded.",
    });
  }

  private gridOf(
    data: Int32Array,
    size: number,
    side: TokenGrid["side"],
    tokenizer: string,
  ): TokenGrid {
    const rows = data.length;
    return {
      codes: { data, shape: [rows, 1] },
      shape: [rows],
      codebookSizes: [size],
      side,
      tokenizer,
    };
  }
}

function checksum(pairs: Int32Array): string {
  return crc32(new Uint8Array(pairs.buffer, pairs.byteOffset, pairs.byteLength)).toString(16);
}

/** A copy that is checked. */
function checkCodes(codes: ArrayLike<number>, size: number): Int32Array {
  const copy = new Int32Array(codes.length);
  for (let i = 0; i < copy.length; i++) {
    const code = codes[i]!;
    copy[i] = code;
    if (copy[i] === code && code >= 0 && code < size) continue;
    throw new CodeRangeError("codes", {
      expected: `integers in [0, ${size})`,
      got: `${code} at ${i}`,
      remedy: "Pass codes of the codebook that the merges are of.",
    });
  }
  return copy;
}

function wrongGrid(expected: string, grid: TokenGrid): MismatchError {
  return new MismatchError("token grid", {
    expected,
    got: `shape [${grid.shape.join(", ")}], codebooks of ${grid.codebookSizes.join(", ")}`,
    remedy: "Merge the codes of one codebook over time; factors of a code can be joined first.",
  });
}

function tooMany(got: string): LimitError {
  return new LimitError("merges", {
    expected: `at most ${MAX_IDS} ids, ${MAX_LENGTH} codes of one and ${MAX_EXPANSION} of all`,
    got,
    remedy: "Train with a smaller vocabulary or a lower longest.",
  });
}
