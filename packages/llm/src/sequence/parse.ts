/* Ids back to text and grids, at once or as a model emits them. */
import { ArgumentError, FormatError, MismatchError, isDtokError } from "@dtok/core";
import type { Codes, DtokError, TokenGrid } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import { fromRuns } from "../layouts/run-length.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";
import { SequenceCursor } from "./cursor.js";

/**
 * What happens at an id that cannot stand where it is:
 * - "strict": a typed error; the parser is then of no further use.
 * - "drop": the span it breaks is left out, with a "dropped" event; reading goes on at that id, and
 *   ids that mean nothing outside a span are left out up to the next text id or begin token.
 * - "fill": as "drop", but a span whose extent was read is kept, its missing codes 0 and `complete`
 *   false; of a span that has none (extent "open") the whole positions are kept, if there are any.
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
  private text: Int32Array[] = [];
  private dropped: { at: number; count: number; error: DtokError } | undefined;

  constructor(
    private readonly vocabulary: Vocabulary,
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
    const whole = ids instanceof Int32Array ? ids : toIntegers(ids);
    for (let i = 0; i < whole.length;) {
      // Nearly all ids are cells of a grid or text: read as many as there are without leaving a loop.
      const taken = this.cursor.block === undefined ? this.texts(whole, i) : this.cells(whole, i);
      i += taken;
      this.at += taken;
      if (taken === 0) {
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
   * Leading steps of the first axis (rows of an image, frames of sound, whole scales) of the span
   * under way of which every code is known: what `partial` gives. 0 between spans.
   */
  get decodable(): number {
    const { block, rules, table, place, shape, inHead } = this.cursor;
    if (block === undefined || inHead) return 0;
    if (block.extent === "open") return this.cursor.positions;
    return rules.stepsBefore(table, shape, place);
  }

  /**
   * The span under way as far as it decodes, from step `from` on: [decodable - from, …]. Undefined
   * where there is nothing yet. A decoder that follows a stream asks for the steps it has not seen.
   */
  partial(from = 0): TokenGrid | undefined {
    const end = this.decodable;
    if (!Number.isSafeInteger(from) || from < 0) {
      throw new ArgumentError("from", {
        expected: "a step, counted from 0",
        got: String(from),
        remedy: "Pass how many steps were taken before.",
      });
    }
    if (end <= from) return undefined;
    const block = this.cursor.block!;
    const { shape } = this.cursor;
    if (block.durations > 0) {
      const { data, shape: runs } = this.openCodes();
      const { data: codes } = fromRuns({ data, shape: runs });
      const known = codes.slice(from * block.codebookSizes.length);
      return this.makeGrid(block, [end - from], known, this.grids);
    }
    const perStep = positionsOf(shape.slice(1)) * block.codebookSizes.length;
    const known = this.codes.slice(from * perStep, end * perStep);
    return this.makeGrid(block, [end - from, ...shape.slice(1)], known, this.grids);
  }

  /** Takes the text ids from `from` on; returns how many. */
  private texts(ids: Int32Array, from: number): number {
    const { base } = this.vocabulary;
    let i = from;
    while (i < ids.length && ids[i]! >= 0 && ids[i]! < base) i++;
    if (i === from) return 0;
    // What was dropped before these ids is told before them; the events of `push` are in order.
    if (this.dropped !== undefined) return 0;
    this.text.push(ids.slice(from, i));
    return i - from;
  }

  /** Takes the ids from `from` on that are codes in their place; returns how many. */
  private cells(ids: Int32Array, from: number): number {
    const { cursor } = this;
    const { block, rules, table, base, place } = cursor;
    if (cursor.inHead) return 0;
    const { cells, kinds } = table;
    const { firsts, counts } = rules;
    let end = cells.length;
    const durations = block!.durations;
    if (durations > 0) {
      // As many whole runs as fit even if each is of the longest; the cursor counts the others.
      if (place % rules.levels !== 0) return 0;
      const room = Math.floor((cursor.maxPositions - cursor.duration) / durations);
      end = Math.min(end, place + room * rules.levels);
    } else if (cursor.open) {
      const before = base / rules.levels;
      const room = Math.floor((cursor.maxPositions - before) / rules.period);
      end = Math.min(end, room * rules.periodPlaces);
    }
    if (cursor.open) this.reserve(base + cells.length);
    const { codes } = this;
    const count = Math.min(ids.length - from, end - place);
    let k = 0;
    for (; k < count; k++) {
      const cell = cells[place + k]!;
      const kind = kinds[place + k]!;
      const code = ids[from + k]! - firsts[kind]!;
      if (code < 0 || code >= counts[kind]!) break;
      if (cell >= 0) codes[base + cell] = code;
    }
    if (durations > 0) {
      k -= k % rules.levels;
      const last = base + place + k;
      for (let i = base + place + rules.levels - 1; i < last; i += rules.levels) {
        cursor.duration += codes[i]! + 1;
      }
    }
    if (k <= 0) return 0;
    cursor.place = place + k;
    cursor.wrap();
    return k;
  }

  private one(id: number, events: SequenceEvent[]): void {
    const { cursor } = this;
    const before = cursor.block;
    const { inHead, shape, table, base, place } = cursor;
    const open = before?.end === id && cursor.open && cursor.canEnd ? this.openCodes() : undefined;
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
    const { block } = cursor;
    if (before === undefined) {
      if (block === undefined) this.text.push(Int32Array.of(id));
      else {
        this.closeText(events);
        this.spanStart = this.at;
        if (block.extent !== "written") this.begin(block);
      }
    } else if (block === undefined) {
      if (open === undefined) events.push(this.gridEvent(before, shape, this.codes, true));
      else events.push(this.openEvent(before, open, true));
    } else if (inHead) {
      if (!cursor.inHead) this.begin(block);
    } else if (table.cells[place]! >= 0) {
      if (cursor.open) this.reserve(base + table.cells[place]! + 1);
      this.codes[base + table.cells[place]!] = id - cursor.rules.firsts[table.kinds[place]!]!;
    }
  }

  /** Room for the codes of the span that begins. */
  private begin(block: ModalityIds): void {
    if (block.extent === "open") return;
    this.codes = new Int32Array(positionsOf(this.cursor.shape) * block.codebookSizes.length);
  }

  /** An open span's buffer grows and is used again: its grids are copies. */
  private reserve(length: number): void {
    if (this.codes.length >= length) return;
    const grown = new Int32Array(Math.max(length, this.codes.length * 2));
    grown.set(this.codes);
    this.codes = grown;
  }

  /** Codes of the whole positions of an open span, as they are written. */
  private openCodes(): Codes {
    const { rules, base, place } = this.cursor;
    const rows = base / rules.levels + Math.floor(place / rules.periodPlaces) * rules.period;
    return { data: this.codes.slice(0, rows * rules.levels), shape: [rows, rules.levels] };
  }

  private openEvent(block: ModalityIds, written: Codes, complete: boolean): SequenceEvent {
    const codes = block.durations > 0 ? fromRuns(written) : written;
    return this.gridEvent(block, [codes.shape[0]], codes.data, complete);
  }

  private breakSpan(error: DtokError, events: SequenceEvent[]): void {
    const { cursor } = this;
    const block = cursor.block!;
    const kept = cursor.open ? cursor.positions > 0 : !cursor.inHead;
    if (this.recovery === "fill" && kept) {
      this.closeDropped(events);
      if (cursor.open) events.push(this.openEvent(block, this.openCodes(), false));
      else events.push(this.gridEvent(block, cursor.shape, this.codes, false));
    } else this.drop(this.spanStart, this.at - this.spanStart, error, events);
    cursor.reset();
  }

  private gridEvent(
    block: ModalityIds,
    shape: readonly number[],
    codes: Int32Array,
    complete: boolean,
  ): SequenceEvent {
    return { type: "grid", grid: this.makeGrid(block, shape, codes, this.grids++), complete };
  }

  private makeGrid(
    { id, codebookSizes }: ModalityIds,
    shape: readonly number[],
    data: Int32Array,
    index: number,
  ): TokenGrid {
    const levels = codebookSizes.length;
    const codes = { data, shape: [data.length / levels, levels] as const };
    const { side } = this.options;
    // Short spans come by the million; most callers have no side values.
    if (side === undefined) return { codes, shape, codebookSizes, tokenizer: id, side: {} };
    const grid = { codes, shape, codebookSizes, tokenizer: id };
    return { ...grid, side: side(grid, index) };
  }

  private drop(at: number, count: number, error: DtokError, events: SequenceEvent[]): void {
    this.closeText(events);
    if (this.dropped === undefined) this.dropped = { at, count, error };
    else this.dropped.count += count;
  }

  private closeText(events: SequenceEvent[]): void {
    if (this.text.length === 0) return;
    const [first, ...more] = this.text as [Int32Array, ...Int32Array[]];
    events.push({ type: "text", ids: more.length === 0 ? first : joined(this.text) });
    this.text = [];
  }

  private closeDropped(events: SequenceEvent[]): void {
    if (this.dropped === undefined) return;
    events.push({ type: "dropped", ...this.dropped });
    this.dropped = undefined;
  }
}

function joined(pieces: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What is no 32-bit integer becomes -1, which stands nowhere; errors name what it was. */
function toIntegers(ids: ArrayLike<number>): Int32Array {
  const whole = new Int32Array(ids.length);
  for (let i = 0; i < whole.length; i++) {
    const id = ids[i]!;
    whole[i] = id;
    if (whole[i] !== id) whole[i] = -1;
  }
  return whole;
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
