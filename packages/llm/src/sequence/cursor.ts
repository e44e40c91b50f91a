/*
 * The grammar of a sequence, as a finite-state machine:
 *
 *     sequence = { text id | span }
 *     span     = BEGIN { size size } cells END       two size tokens per axis, high byte first
 *     cells    = what the modality's layout says for that extent
 *
 * The extent stands at the head of a span, so that every later place knows its level: parsing and
 * masks are one table look-up per id.
 */
import { CodeRangeError, LimitError } from "@dtok/core";
import { PAD_PLACE, ROW_PLACE, positionsOf } from "../layouts/layout.js";
import { LayoutTables } from "../layouts/order.js";
import { SIZE_TOKENS } from "../vocabulary/vocabulary.js";
import type { ModalityIds, Vocabulary } from "../vocabulary/vocabulary.js";

/** Positions of a grid that are accepted where no other limit is given. */
export const DEFAULT_MAX_POSITIONS = 2 ** 20;

const EMPTY = new Int32Array(0);

/** Where a sequence stands: between spans, in a span's head, in its cells, or before its end. */
export class SequenceCursor {
  /** The span's modality; undefined between spans. */
  block: ModalityIds | undefined;
  /** Extents read so far. */
  shape: number[] = [];
  /** What each place of the cells holds; empty until the head is read. */
  order: Int32Array = EMPTY;
  /** Next place of the cells. */
  place = 0;
  /** High byte of the extent under way, -1 where none. */
  high = -1;
  private readonly tables = new LayoutTables();

  constructor(
    readonly vocabulary: Vocabulary,
    readonly maxPositions = DEFAULT_MAX_POSITIONS,
  ) {}

  get inHead(): boolean {
    return this.block !== undefined && this.shape.length < this.block.axes;
  }

  /** Largest extent that the axis under way may have. */
  get extentLeft(): number {
    return Math.floor(this.maxPositions / positionsOf(this.shape));
  }

  reset(): void {
    this.block = undefined;
    this.shape = [];
    this.order = EMPTY;
    this.place = 0;
    this.high = -1;
  }

  /** Range of the ids that may stand at the next place of the cells or behind them. */
  range(): readonly [first: number, end: number] {
    const block = this.block!;
    if (this.place === this.order.length) return [block.end, block.end + 1];
    const cell = this.order[this.place]!;
    if (cell === PAD_PLACE) return [block.pad, block.pad + 1];
    if (cell === ROW_PLACE) return [block.row, block.row + 1];
    const level = cell % block.codebookSizes.length;
    const first = block.offsets[level]!;
    return [first, first + block.codebookSizes[level]!];
  }

  /**
   * One id further.
   *
   * @throws CodeRangeError for an id that cannot stand here, LimitError for too large a grid; the
   *   cursor is then where it was
   */
  advance(id: number): void {
    const { vocabulary } = this;
    if (this.block === undefined) {
      if (Number.isInteger(id) && id >= 0 && id < vocabulary.base) return;
      const block = Number.isInteger(id) ? vocabulary.blockOf(id) : undefined;
      if (block?.begin !== id) throw misplaced(vocabulary, id, "a text id or the begin of a span");
      this.block = block;
      return;
    }
    if (this.inHead) {
      const value = id - vocabulary.sizes;
      if (!Number.isInteger(value) || value < 0 || value >= SIZE_TOKENS) {
        throw misplaced(vocabulary, id, `a size token, extent of ${this.block.id}`);
      }
      const extent = this.high < 0 ? value * SIZE_TOKENS : this.high * SIZE_TOKENS + value;
      if (extent > this.extentLeft) {
        throw new LimitError(`grid of ${this.block.id}`, {
          expected: `at most ${this.maxPositions} positions`,
          got: `an extent of ${extent} behind [${this.shape.join(", ")}]`,
          remedy: "Raise maxPositions if the sequence is trusted.",
        });
      }
      if (this.high < 0) {
        this.high = value;
        return;
      }
      if (extent === 0) throw misplaced(vocabulary, id, "an extent of at least 1");
      this.high = -1;
      this.shape.push(extent);
      if (!this.inHead) {
        const { layout, codebookSizes } = this.block;
        this.order = this.tables.get(layout, this.shape, codebookSizes.length);
        this.place = 0;
      }
      return;
    }
    const [first, end] = this.range();
    if (!Number.isInteger(id) || id < first || id >= end) {
      throw misplaced(vocabulary, id, `an id in [${first}, ${end})`);
    }
    if (this.place === this.order.length) this.reset();
    else this.place++;
  }
}

function misplaced(vocabulary: Vocabulary, id: number, expected: string): CodeRangeError {
  const known = Number.isInteger(id) && id >= vocabulary.base && id < vocabulary.size;
  return new CodeRangeError("sequence", {
    expected,
    got: known ? `${id}, ${vocabulary.tokenText(id)}` : String(id),
    remedy: "Constrain generation by a TokenConstraint, or parse with another recovery.",
  });
}
