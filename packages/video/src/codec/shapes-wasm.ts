/*
 * Driver of assembly/shapes.ts. Codes, errors and pixels are those of shapes.ts, bit for bit.
 */
import { BLOCK } from "./motion.js";
import { freshKernels, grow, kernels, Layout } from "./wasm.js";
import type { ClipKernels } from "./wasm.js";

/** What the codes of one block add: shapes, and what each is multiplied by. */
export interface Terms {
  readonly block: number;
  readonly shapes: readonly number[];
  readonly gains: readonly number[];
}

const FIELDS = 12 * 4;
const SAMPLES = BLOCK * 3;

/**
 * Stage after stage on correlations [blocks, shapes] by the kernels: codes [blocks, stages], and per block
 * the squared error `before` and after each stage [blocks, stages + 1]; undefined where they do not run.
 */
export function pursueByWasm(
  correlations: Float32Array,
  products: Float32Array,
  gains: readonly number[],
  stages: number,
  before: Float64Array,
): { readonly codes: Int32Array; readonly left: Float64Array } | undefined {
  const blocks = before.length;
  const shapes = correlations.length / blocks;
  if (!(shapes % 4 === 0)) return undefined;
  const layout = new Layout();
  const place = {
    params: layout.take(FIELDS),
    gains: layout.take(gains.length * 8),
    left: layout.take(blocks * (stages + 1) * 8),
    codes: layout.take(blocks * stages * 4),
    products: layout.take(products.byteLength),
    rest: layout.take(correlations.byteLength),
  };
  const own = kernels(layout.at);
  if (own === undefined) return undefined;
  const { buffer } = own.memory;
  new Float64Array(buffer, place.gains, gains.length).set(gains);
  new Float32Array(buffer, place.products, products.length).set(products);
  new Float32Array(buffer, place.rest, correlations.length).set(correlations);
  const codes = new Int32Array(buffer, place.codes, blocks * stages).fill(0);
  const left = new Float64Array(buffer, place.left, blocks * (stages + 1));
  for (let i = 0; i < blocks; i++) left[i * (stages + 1)] = before[i] as number;
  new Int32Array(buffer, place.params, FIELDS / 4).set([
    place.rest,
    place.products,
    shapes,
    blocks,
    stages,
    place.codes,
    place.left,
    place.gains,
    gains.length,
  ]);
  own.pursueShapes(place.params);
  return { codes: codes.slice(), left: left.slice() };
}

/** A dictionary in the memory of an instance of its own, and its sums. */
export class DictionaryMemory {
  private constructor(
    private readonly own: ClipKernels,
    private readonly at: number,
    /** Where what comes and goes with each call begins. */
    private readonly free: number,
    private readonly frames: number,
  ) {}

  /** Of shapes [S, frames, 16, 48]; undefined where the kernels do not run. */
  static open(dictionary: Float32Array, frames: number): DictionaryMemory | undefined {
    const layout = new Layout();
    const at = layout.take(dictionary.byteLength);
    const own = freshKernels(layout.at);
    if (own === undefined) return undefined;
    new Float32Array(own.memory.buffer, at, dictionary.length).set(dictionary);
    return new DictionaryMemory(own, at, layout.at, frames);
  }

  /**
   * Adds to frames of whole blocks, `columns` across, what terms of blocks say, in place; a block comes
   * once. False where memory does not suffice: nothing is added then.
   */
  add(list: readonly Terms[], frames: readonly Uint8Array[], columns: number): boolean {
    const row = columns * SAMPLES;
    const lines = this.frames * BLOCK;
    const byRow = new Map<number, Terms[]>();
    let [most, mostTerms] = [0, 0];
    for (const terms of list) {
      const r = Math.floor(terms.block / columns);
      const known = byRow.get(r);
      if (known) known.push(terms);
      else byRow.set(r, [terms]);
    }
    for (const entries of byRow.values()) {
      most = Math.max(most, entries.length);
      mostTerms = Math.max(
        mostTerms,
        entries.reduce((sum, { shapes }) => sum + shapes.length, 0),
      );
    }
    const layout = new Layout();
    layout.at = this.free;
    const place = {
      params: layout.take(FIELDS),
      entries: layout.take(most * 12),
      values: layout.take(mostTerms * 8),
      terms: layout.take(mostTerms * 4),
      band: layout.take(lines * row),
    };
    if (!grow(this.own, layout.at)) return false;
    const { buffer } = this.own.memory;
    const entryFields = new Int32Array(buffer, place.entries, most * 3);
    const shapes = new Int32Array(buffer, place.terms, mostTerms);
    const gains = new Float64Array(buffer, place.values, mostTerms);
    const band = new Uint8Array(buffer, place.band, lines * row);
    const size = BLOCK * row;
    for (const [r, entries] of byRow) {
      let at = 0;
      for (const [i, terms] of entries.entries()) {
        entryFields.set([terms.block % columns, at, at + terms.shapes.length], i * 3);
        shapes.set(terms.shapes, at);
        gains.set(terms.gains, at);
        at += terms.shapes.length;
      }
      for (const [f, frame] of frames.entries()) {
        band.set(frame.subarray(r * size, (r + 1) * size), f * size);
      }
      new Int32Array(buffer, place.params, FIELDS / 4).set([
        this.at,
        this.frames,
        place.band,
        row,
        place.entries,
        entries.length,
        place.terms,
        place.values,
      ]);
      this.own.addShapes(place.params);
      for (const [f, frame] of frames.entries()) {
        frame.set(band.subarray(f * size, (f + 1) * size), r * size);
      }
    }
    return true;
  }
}
