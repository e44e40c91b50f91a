/* Ids back to text and grids, at once or as a model emits them. */
import { ArgumentError, FormatError, MismatchError, isDtokError } from "@dtok/core";
import type { DtokError, TokenGrid } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";
import { SequenceCursor } from "./cursor.js";

/**
 * What happens at an id that cannot stand where it is:
 * - "strict": a typed error; the parser is then of no further use.
 * - "drop": the span it breaks is left out, with a "dropped" event; reading goes on at that id, and
 *   ids that mean nothing outside a span are left out up to the next text id or begin token.
 * - "fill": as "drop", but a span whose extent was read is kept, its missing codes 0 and `complete` false.
 */
export type Recovery = "strict" | "drop" | "fill";

export interface ParseOptions {
  /** Default "strict". */
  readonly recovery?: Recovery;
  /** Largest grid that a span may announce; a larger one is an invalid id. Default 2^20 positions. */
  readonly maxPositions?: number;
  /** Side values of a grid, which ids do not hold; `index` counts the grids. Default none. */
  readonly side?: (grid: Omit<TokenGrid, "side">, index: number) => TokenGrid["side"];
}

export type SequenceEvent =
  | { readonly type: "text"; readonly ids: Int32Array }
  | { readonly type: "grid"; readonly grid: TokenGrid; readonly complete: boolean }
  /** `count` ids from place `at` of the whole sequence were left out, because of `error`. */
  | {
      readonly type: "dropped";
      readonly at: number;
      readonly count: number;
      readonly error: DtokError;
    };

/** Reads ids in pieces of any size. */
export class SequenceParser {
  private readonly cursor: SequenceCursor;
  private readonly recovery: Recovery;
  private codes = new Int32Array(0);
  private spanStart = 0;
  private at = 0;
  private grids = 0;
  private text: number[] = [];
  private dropped: { at: number; count: number; error: DtokError } | undefined;

  constructor(
    vocabulary: Vocabulary,
    private readonly options: ParseOptions = {},
  ) {
    this.recovery = options.recovery ?? "strict";
    if (!["strict", "drop", "fill"].includes(this.recovery)) {
      throw new ArgumentError("recovery", {
        expected: "strict, drop or fill",
        got: String(this.recovery),
        remedy: "Choose one of them.",
      });
    }
    this.cursor = new SequenceCursor(vocabulary, options.maxPositions);
  }

  /** What these ids complete. Text comes out at once, a grid with its end token. */
  push(ids: ArrayLike<number>): SequenceEvent[] {
    const events: SequenceEvent[] = [];
    for (let i = 0; i < ids.length;) {
      // Nearly all ids are cells of a grid: read as many as there are without leaving this loop.
      const taken = this.cells(ids, i);
      i += taken;
      this.at += taken;
      if (i < ids.length) {
        this.one(ids[i]!, events);
        i++;
        this.at++;
      }
    }
    this.closeText(events);
    this.closeDropped(events);
    return events;
  }

  /**
   * The end of the sequence.
   *
   * @throws FormatError for a span that is cut off, where recovery is "strict"
   */
  flush(): SequenceEvent[] {
    const events: SequenceEvent[] = [];
    const { block } = this.cursor;
    if (block !== undefined) {
      const error = new FormatError("sequence", {
        expected: `the end of the span of ${block.id} that begins at ${this.spanStart}`,
        got: `the end of the sequence at ${this.at}`,
        remedy: "Generate more ids, or parse with recovery drop or fill.",
      });
      if (this.recovery === "strict") throw error;
      this.breakSpan(error, events);
    }
    this.closeDropped(events);
    return events;
  }

  /**
   * The span under way as far as it decodes: the leading steps of its first axis (rows of an image,
   * frames of sound) of which every code is known. Undefined where there is none yet.
   */
  partial(): TokenGrid | undefined {
    const { block, order, place, shape } = this.cursor;
    if (block === undefined || this.cursor.inHead) return undefined;
    const levels = block.codebookSizes.length;
    const perStep = positionsOf(shape.slice(1)) * levels;
    // Cells that are still to come: the first of them ends what is known.
    let first = this.codes.length;
    for (let i = place; i < order.length; i++) {
      const cell = order[i]!;
      if (cell >= 0 && cell < first) first = cell;
    }
    const steps = Math.floor(first / perStep);
    if (steps === 0) return undefined;
    const known = this.codes.slice(0, steps * perStep);
    return this.makeGrid(block, [steps, ...shape.slice(1)], known, this.grids);
  }

  /** Takes the ids from `from` on that are codes in their place; returns how many. */
  private cells(ids: ArrayLike<number>, from: number): number {
    const { block, order } = this.cursor;
    if (block === undefined) return 0;
    const { codebookSizes, offsets } = block;
    const levels = codebookSizes.length;
    const { codes } = this;
    let { place } = this.cursor;
    const end = Math.min(ids.length, from + order.length - place);
    let i = from;
    for (; i < end; i++) {
      const cell = order[place]!;
      if (cell < 0) break;
      const level = levels === 1 ? 0 : cell % levels;
      const code = ids[i]! - offsets[level]!;
      // The last term refuses fractions, which a plain list may hold.
      if (!(code >= 0 && code < codebookSizes[level]!) || code !== (code | 0)) break;
      codes[cell] = code;
      place++;
    }
    this.cursor.place = place;
    return i - from;
  }

  private one(id: number, events: SequenceEvent[]): void {
    const { cursor } = this;
    const before = cursor.block;
    const wasInHead = cursor.inHead;
    const { shape } = cursor;
    try {
      cursor.advance(id);
    } catch (error) {
      if (this.recovery === "strict" || !isDtokError(error)) throw error;
      if (before === undefined) this.drop(this.at, 1, error, events);
      else {
        this.breakSpan(error, events);
        // Between spans now: the id may be text or begin another span.
        this.one(id, events);
      }
      return;
    }
    this.closeDropped(events);
    if (before === undefined) {
      if (cursor.block === undefined) this.text.push(id);
      else {
        this.closeText(events);
        this.spanStart = this.at;
      }
    } else if (cursor.block === undefined) {
      events.push(this.gridEvent(before, shape, true));
    } else if (wasInHead && !cursor.inHead) {
      this.codes = new Int32Array(positionsOf(cursor.shape) * before.codebookSizes.length);
    }
  }

  private breakSpan(error: DtokError, events: SequenceEvent[]): void {
    const { cursor } = this;
    const block = cursor.block!;
    if (this.recovery === "fill" && !cursor.inHead) {
      this.closeDropped(events);
      events.push(this.gridEvent(block, cursor.shape, false));
    } else this.drop(this.spanStart, this.at - this.spanStart, error, events);
    cursor.reset();
  }

  private gridEvent(
    block: ModalityIds,
    shape: readonly number[],
    complete: boolean,
  ): SequenceEvent {
    return {
      type: "grid",
      grid: this.makeGrid(block, shape, this.codes, this.grids++),
      complete,
    };
  }

  private makeGrid(
    { id, codebookSizes }: ModalityIds,
    shape: readonly number[],
    data: Int32Array,
    index: number,
  ): TokenGrid {
    const levels = codebookSizes.length;
    const grid = {
      codes: { data, shape: [data.length / levels, levels] as const },
      shape,
      codebookSizes,
      tokenizer: id,
    };
    return { ...grid, side: this.options.side?.(grid, index) ?? {} };
  }

  private drop(at: number, count: number, error: DtokError, events: SequenceEvent[]): void {
    this.closeText(events);
    if (this.dropped === undefined) this.dropped = { at, count, error };
    else this.dropped.count += count;
  }

  private closeText(events: SequenceEvent[]): void {
    if (this.text.length === 0) return;
    events.push({ type: "text", ids: Int32Array.from(this.text) });
    this.text = [];
  }

  private closeDropped(events: SequenceEvent[]): void {
    if (this.dropped === undefined) return;
    events.push({ type: "dropped", ...this.dropped });
    this.dropped = undefined;
  }
}

export interface UnpackOptions extends Omit<ParseOptions, "side"> {
  /** Side values of the grids, as `pack` returned them. Default: none. */
  readonly sides?: readonly TokenGrid["side"][];
}

/**
 * The inverse of `pack`: text ids and grids in their order; texts side by side come back as one,
 * empty ones not at all. With recovery "drop" or "fill" broken spans are treated as it says; use
 * `SequenceParser` to see what was dropped.
 *
 * @throws CodeRangeError (an id that cannot stand where it is), FormatError (a span cut off),
 *   LimitError (a span that announces too large a grid), MismatchError (sides of another sequence)
 */
export function unpack(
  vocabulary: Vocabulary,
  ids: ArrayLike<number>,
  options: UnpackOptions = {},
): (Int32Array | TokenGrid)[] {
  const { sides, ...rest } = options;
  const parser = new SequenceParser(vocabulary, {
    ...rest,
    ...(sides !== undefined && { side: (_grid, index) => sides[index] ?? {} }),
  });
  const parts: (Int32Array | TokenGrid)[] = [];
  let grids = 0;
  for (const event of [...parser.push(ids), ...parser.flush()]) {
    if (event.type === "text") parts.push(event.ids);
    else if (event.type === "grid") {
      parts.push(event.grid);
      grids++;
    }
  }
  if (sides !== undefined && sides.length !== grids && (rest.recovery ?? "strict") === "strict") {
    throw new MismatchError("side values", {
      expected: `${grids}, one for each grid`,
      got: String(sides.length),
      remedy: "Pass the sides that pack returned with these ids.",
    });
  }
  return parts;
}
