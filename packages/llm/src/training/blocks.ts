import { ArgumentError, CodeRangeError, LimitError } from "@dtok/core";

export interface BlockOptions {
  /** Ids of a block: the model's context. */
  readonly length: number;
  /** Id that fills blocks up. Needed for "whole" and the last block of "stream". */
  readonly pad: number;
  /** Id behind each sequence: the end of text. Default: none. */
  readonly end?: number;
  /**
   * - "whole": sequences side by side, none cut, best fit among the blocks under way: no picture is
   *   torn. The default.
   * - "stream": all sequences as one stream, cut every `length` ids: no padding but at the end.
   */
  readonly packing?: "whole" | "stream";
}

/** One row of a training file. */
export interface Block {
  /** `length` ids. */
  readonly ids: Int32Array;
  /** Ids of each piece of a sequence, from the front; what is behind their sum is padding. */
  readonly lengths: readonly number[];
}

/** Blocks that wait for sequences that fit: more find a better fit, and are held longer. */
const OPEN = 64;

interface OpenBlock {
  readonly ids: Int32Array;
  readonly lengths: number[];
  used: number;
}

/** Sequences of any length to blocks of one, as language models are trained on. */
export class BlockPacker {
  private readonly length: number;
  private readonly packing: "whole" | "stream";
  private open: OpenBlock[] = [];

  constructor(private readonly options: BlockOptions) {
    const { length, pad, end, packing = "whole" } = options;
    if (!Number.isSafeInteger(length) || length < 1 || length > 2 ** 28) {
      throw new ArgumentError("block length", {
        expected: "an integer in [1, 2^28]",
        got: String(length),
        remedy: "Pass the context of the model that will be trained.",
      });
    }
    for (const [name, id] of Object.entries({ pad, end: end ?? 0 })) {
      if (!Number.isInteger(id) || id < 0 || id > 2 ** 31 - 1) {
        throw new ArgumentError(name, {
          expected: "an id",
          got: String(id),
          remedy: "Pass the base tokenizer's own, such as its end of text.",
        });
      }
    }
    if (!["whole", "stream"].includes(packing)) {
      throw new ArgumentError("packing", {
        expected: "whole or stream",
        got: String(packing),
        remedy: "Choose one of them.",
      });
    }
    this.length = length;
    this.packing = packing;
  }

  /**
   * Blocks that this sequence completes.
   *
   * @throws LimitError for a sequence that is longer than a block ("whole"), CodeRangeError for what
   *   is no id
   */
  push(sequence: ArrayLike<number>): Block[] {
    const { end } = this.options;
    const ids = new Int32Array(sequence.length + (end === undefined ? 0 : 1));
    for (let i = 0; i < sequence.length; i++) {
      const id = sequence[i]!;
      ids[i] = id;
      if (ids[i] === id && id >= 0) continue;
      throw new CodeRangeError("sequence", {
        expected: "ids in [0, 2^31)",
        got: `${id} at ${i}`,
        remedy: "Pass what pack returned.",
      });
    }
    if (end !== undefined) ids[sequence.length] = end;
    if (ids.length === 0) return [];
    return this.packing === "stream" ? this.stream(ids) : this.whole(ids);
  }

  /** The blocks under way, filled up. */
  flush(): Block[] {
    const blocks = this.open.map((block) => this.close(block));
    this.open = [];
    return blocks;
  }

  private whole(ids: Int32Array): Block[] {
    if (ids.length > this.length) {
      throw new LimitError("sequence", {
        expected: `at most ${this.length} ids, with its end`,
        got: String(ids.length),
        remedy: 'Raise length, cut the signal, or let blocks cut sequences (packing: "stream").',
      });
    }
    // The fullest block that has room.
    let best: OpenBlock | undefined;
    for (const block of this.open) {
      if (block.used + ids.length <= this.length && block.used >= (best?.used ?? 0)) best = block;
    }
    best ??= this.begin();
    this.append(best, ids);
    if (best.used === this.length) return [this.finish(best)];
    if (this.open.length <= OPEN) return [];
    let fullest = this.open[0]!;
    for (const block of this.open) if (block.used > fullest.used) fullest = block;
    return [this.finish(fullest)];
  }

  private stream(ids: Int32Array): Block[] {
    const blocks: Block[] = [];
    for (let at = 0; at < ids.length;) {
      const block = this.open[0] ?? this.begin();
      const piece = ids.subarray(at, at + this.length - block.used);
      this.append(block, piece);
      at += piece.length;
      if (block.used === this.length) blocks.push(this.finish(block));
    }
    return blocks;
  }

  private begin(): OpenBlock {
    const block = { ids: new Int32Array(this.length), lengths: [], used: 0 };
    this.open.push(block);
    return block;
  }

  private append(block: OpenBlock, ids: Int32Array): void {
    block.ids.set(ids, block.used);
    block.lengths.push(ids.length);
    block.used += ids.length;
  }

  private finish(block: OpenBlock): Block {
    this.open.splice(this.open.indexOf(block), 1);
    return this.close(block);
  }

  private close({ ids, lengths, used }: OpenBlock): Block {
    return { ids: ids.fill(this.options.pad, used), lengths };
  }
}
