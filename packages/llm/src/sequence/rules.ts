/*
 * What a modality's spans look like, ready for the inner loops: for each place the cell of the grid
 * that it holds, and the range of ids that may stand there.
 */
import { PAD_PLACE, positionsOf } from "../layouts/layout.js";
import type { SequenceLayout } from "../layouts/layout.js";
import { sequenceLayout } from "../layouts/order.js";
import type { ModalityIds } from "../vocabulary/vocabulary.js";

/** Places of one extent. */
export interface PlaceTable {
  /** Cell n * Q + q of each place, below 0 for padding and row tokens. */
  readonly cells: Int32Array;
  /** Row of `SpanRules.firsts` and `counts` for each place. */
  readonly kinds: Uint16Array;
}

/** Places of tables that a modality keeps: 6 bytes each. The table used last is always kept. */
const KEPT = 2 ** 20;
/** An open span's table holds as many periods as fill this. */
const OPEN_PLACES = 1024;

const EMPTY: PlaceTable = { cells: new Int32Array(0), kinds: new Uint16Array(0) };

export class SpanRules {
  readonly layout: SequenceLayout;
  /** Codebooks as they are written: those of the modality, and the durations. */
  readonly levels: number;
  /** First id of each kind: codebooks, then padding, then row. */
  readonly firsts: Int32Array;
  /** Ids of each kind. */
  readonly counts: Int32Array;
  /** Of an open span: positions and places after which it may end; 0 otherwise. */
  readonly period: number = 0;
  readonly periodPlaces: number = 0;
  /** Of an open span: what repeats. */
  readonly openTable: PlaceTable = EMPTY;
  private readonly tables = new Map<string, PlaceTable>();
  private kept = 0;
  private readonly known = new WeakMap<PlaceTable, Int32Array>();

  constructor(readonly block: ModalityIds) {
    this.layout = sequenceLayout(block.layout);
    this.levels = block.offsets.length;
    const sizes =
      block.durations > 0 ? [...block.codebookSizes, block.durations] : block.codebookSizes;
    this.firsts = Int32Array.from([...block.offsets, block.pad, block.row]);
    this.counts = Int32Array.from([...sizes, 1, 1]);
    if (block.extent === "open") {
      this.period = this.layout.period!;
      this.periodPlaces = this.layout.order([this.period], this.levels).length;
      const periods = Math.max(1, Math.floor(OPEN_PLACES / this.periodPlaces));
      this.openTable = this.make([periods * this.period]);
    }
  }

  /** Extent of all grids, where the vocabulary says it. */
  get fixed(): readonly number[] | undefined {
    const { extent } = this.block;
    return typeof extent === "string" ? undefined : extent;
  }

  table(shape: readonly number[]): PlaceTable {
    const key = shape.join("x");
    let table = this.tables.get(key);
    if (table !== undefined) {
      this.tables.delete(key);
      this.tables.set(key, table);
      return table;
    }
    table = this.make(shape);
    this.tables.set(key, table);
    this.kept += table.cells.length;
    for (const [old, { cells }] of this.tables) {
      if (this.kept <= KEPT || old === key) break;
      this.tables.delete(old);
      this.kept -= cells.length;
    }
    return table;
  }

  /**
   * Leading steps of the first axis of which every code stands before `place`.
   *
   * @param shape the extent that `table` is of
   */
  stepsBefore(table: PlaceTable, shape: readonly number[], place: number): number {
    let least = this.known.get(table);
    if (least === undefined) {
      // The lowest cell from each place on: what is below it is known.
      const { cells } = table;
      least = new Int32Array(cells.length + 1);
      let lowest = positionsOf(shape) * this.levels;
      least[cells.length] = lowest;
      for (let p = cells.length - 1; p >= 0; p--) {
        if (cells[p]! >= 0 && cells[p]! < lowest) lowest = cells[p]!;
        least[p] = lowest;
      }
      this.known.set(table, least);
    }
    const steps = Math.floor(least[place]! / (positionsOf(shape.slice(1)) * this.levels));
    return this.layout.decodable?.(steps) ?? steps;
  }

  private make(shape: readonly number[]): PlaceTable {
    const { levels } = this;
    const cells = this.layout.order(shape, levels);
    const kinds = new Uint16Array(cells.length);
    for (let p = 0; p < cells.length; p++) {
      const cell = cells[p]!;
      if (cell < 0) kinds[p] = cell === PAD_PLACE ? levels : levels + 1;
      else if (levels > 1) kinds[p] = cell % levels;
    }
    return { cells, kinds };
  }
}

const rules = new WeakMap<ModalityIds, SpanRules>();

/** Blocks are frozen and live as long as their vocabulary, and so do their tables. */
export function rulesOf(block: ModalityIds): SpanRules {
  let found = rules.get(block);
  if (found === undefined) {
    found = new SpanRules(block);
    rules.set(block, found);
  }
  return found;
}
