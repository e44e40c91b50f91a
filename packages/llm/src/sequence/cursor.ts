/*
 * The grammar of a sequence, as a finite-state machine:
 *
 *     sequence = { text id | span }
 *     span     = BEGIN { size size } cells END       extent written: two size tokens per axis, high byte first
 *              | BEGIN cells END                     extent fixed by the vocabulary
 *              | BEGIN period { period } END         open: as many periods of the layout as there are
 *     cells    = what the modality's layout says for that extent
 *
 * Every place knows its level before its id is read: parsing and masks are a table look-up per id.
 */
import { CodeRangeError, LimitError } from "@dtok/core";
import { positionsOf } from "../layouts/layout.js";
import { SIZE_TOKENS } from "../vocabulary/vocabulary.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";
import { rulesOf } from "./rules.js";
import type { PlaceTable, SpanRules } from "./rules.js";

/** Positions of a grid that are accepted where no other limit is given. */
export const DEFAULT_MAX_POSITIONS = 2 ** 20;

const NO_PLACES: PlaceTable = { cells: new Int32Array(0), kinds: new Uint16Array(0) };

/** Where a sequence stands: between spans, in a span's head, in its cells, or before its end. */
export class SequenceCursor {
  /** The span's modality; undefined between spans. */
  block: ModalityIds | undefined;
  /** Its rules; those of the last span between spans. */
  rules!: SpanRules;
  /** Extents read so far; of an open span none. */
  shape: number[] = [];
  inHead = false;
  /** What the places of the cells hold; repeats in an open span. Empty until the head is read. */
  table: PlaceTable = NO_PLACES;
  /** Next place of the table. */
  place = 0;
  /** Cells before the table: more than 0 in an open span only. */
  base = 0;
  /** High byte of the extent under way, -1 where none. */
  high = -1;
  /** Steps that the durations of a run-length span sum up to. */
  duration = 0;

  constructor(
    readonly vocabulary: Vocabulary,
    readonly maxPositions = DEFAULT_MAX_POSITIONS,
  ) {}

  /** True in the cells of a span that tells its extent by its end. */
  get open(): boolean {
    return this.block !== undefined && this.block.extent === "open";
  }

  /** Largest extent that the axis under way may have. */
  get extentLeft(): number {
    return Math.floor(this.maxPositions / positionsOf(this.shape));
  }

  /** Of an open span: positions that are whole, steps of the runs that are. */
  get positions(): number {
    const { block, rules } = this;
    if (block === undefined) return 0;
    if (block.durations > 0) return this.duration;
    return this.base / rules.levels + Math.floor(this.place / rules.periodPlaces) * rules.period;
  }

  /** True where the end token may stand. */
  get canEnd(): boolean {
    if (this.block === undefined || this.inHead) return false;
    if (!this.open) return this.place === this.table.cells.length;
    return this.place % this.rules.periodPlaces === 0 && this.base + this.place > 0;
  }

  reset(): void {
    this.block = undefined;
    this.shape = [];
    this.inHead = false;
    this.table = NO_PLACES;
    this.place = 0;
    this.base = 0;
    this.high = -1;
    this.duration = 0;
  }

  /** True if a span may begin under the limit of positions. */
  mayBegin(block: ModalityIds): boolean {
    const { fixed, period } = rulesOf(block);
    return (fixed === undefined ? period : positionsOf(fixed)) <= this.maxPositions;
  }

  /**
   * Range of the ids that may stand at the next place of the cells, the end token aside
   * (`canEnd`): empty where nothing else may follow.
   */
  range(): readonly [first: number, end: number] {
    const { rules, table, place } = this;
    if (place === table.cells.length || !this.hasRoom()) return [0, 0];
    const kind = table.kinds[place]!;
    const first = rules.firsts[kind]!;
    let count = rules.counts[kind]!;
    if (rules.block.durations > 0 && kind === rules.levels - 1) {
      count = Math.min(count, this.maxPositions - this.duration);
    }
    return [first, first + count];
  }

  /** False where an open span has to end, since another period would be too much. */
  private hasRoom(): boolean {
    const { rules, block } = this;
    if (!this.open || this.place % rules.periodPlaces !== 0) return true;
    const more = block!.durations > 0 ? 1 : rules.period;
    return this.positions + more <= this.maxPositions;
  }

  /**
   * One id further.
   *
   * @throws CodeRangeError for an id that cannot stand here, LimitError for too large a grid; the
   *   cursor is then where it was
   */
  advance(id: number): void {
    const { vocabulary, block } = this;
    if (block === undefined) this.begin(id);
    else if (this.inHead) this.head(id, block);
    else if (id === block.end && this.canEnd) this.reset();
    else {
      const [first, end] = this.range();
      if (!Number.isInteger(id) || id < first || id >= end) {
        if (this.open && !this.hasRoom()) throw tooLarge(block, this.maxPositions, "more");
        const also = this.canEnd ? " or the end of the span" : "";
        throw misplaced(
          vocabulary,
          id,
          first === end
            ? `the end of the span, ${block.end}`
            : `an id in [${first}, ${end})${also}`,
        );
      }
      const { rules } = this;
      if (block.durations > 0 && this.table.kinds[this.place] === rules.levels - 1) {
        this.duration += id - first + 1;
      }
      this.place++;
      this.wrap();
    }
  }

  /** To the front of an open span's table, once its places are read. */
  wrap(): void {
    if (this.place !== this.table.cells.length || !this.open) return;
    const { rules } = this;
    this.base += (this.place / rules.periodPlaces) * rules.period * rules.levels;
    this.place = 0;
  }

  private begin(id: number): void {
    const { vocabulary } = this;
    if (Number.isInteger(id) && id >= 0 && id < vocabulary.base) return;
    const block = Number.isInteger(id) ? vocabulary.blockOf(id) : undefined;
    if (block?.begin !== id) throw misplaced(vocabulary, id, "a text id or the begin of a span");
    if (!this.mayBegin(block)) throw tooLarge(block, this.maxPositions, "a span of more");
    this.block = block;
    this.rules = rulesOf(block);
    const { fixed } = this.rules;
    if (block.extent === "written") this.inHead = true;
    else if (fixed === undefined) this.table = this.rules.openTable;
    else {
      this.shape = [...fixed];
      this.table = this.rules.table(fixed);
    }
  }

  private head(id: number, block: ModalityIds): void {
    const value = id - this.vocabulary.sizes;
    if (!Number.isInteger(value) || value < 0 || value >= SIZE_TOKENS) {
      throw misplaced(this.vocabulary, id, `a size token, extent of ${block.id}`);
    }
    const extent = this.high < 0 ? value * SIZE_TOKENS : this.high * SIZE_TOKENS + value;
    if (extent > this.extentLeft) {
      const got = `an extent of ${extent} behind [${this.shape.join(", ")}]`;
      throw tooLarge(block, this.maxPositions, got);
    }
    if (this.high < 0) {
      this.high = value;
      return;
    }
    if (extent === 0) throw misplaced(this.vocabulary, id, "an extent of at least 1");
    this.high = -1;
    this.shape.push(extent);
    if (this.shape.length < block.axes) return;
    this.inHead = false;
    this.table = this.rules.table(this.shape);
  }
}

function tooLarge(block: ModalityIds, maxPositions: number, got: string): LimitError {
  return new LimitError(`grid of ${block.id}`, {
    expected: `at most ${maxPositions} positions`,
    got,
    remedy: "Raise maxPositions if the sequence is trusted.",
  });
}

function misplaced(vocabulary: Vocabulary, id: number, expected: string): CodeRangeError {
  const known = Number.isInteger(id) && id >= vocabulary.base && id < vocabulary.size;
  return new CodeRangeError("sequence", {
    expected,
    got: known ? `${id}, ${vocabulary.tokenText(id)}` : String(id),
    remedy: "Constrain generation by a TokenConstraint, or parse with another recovery.",
  });
}
