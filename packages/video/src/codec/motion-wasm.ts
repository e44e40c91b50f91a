/*
 * Driver of assembly/search.ts and assembly/compensate.ts: lays out their memory. Vectors and pixels are
 * those of block-matching.ts and compensation.ts, bit for bit.
 */
import { BlockMatching, KEPT } from "./block-matching.js";
import { overlap, PART, TAPS } from "./compensation.js";
import {
  AXIS_X,
  AXIS_Y,
  BLOCK,
  LONGEST_X,
  LONGEST_Y,
  NEAREST_X,
  NEAREST_Y,
  QUARTERS,
} from "./motion.js";
import type { BlockGrid, KnownFrames, MotionSearch } from "./motion.js";
import { ENOUGH, PASSES, shares, SHIFT, SIDE, UNITS } from "./overlapped.js";
import { planesOf } from "./planes.js";
import type { SearchPlanes } from "./planes.js";
import { kernels, Layout } from "./wasm.js";
import type { ClipKernels } from "./wasm.js";

const AXES = [Int16Array.from(AXIS_X), Int16Array.from(AXIS_Y)] as const;
const takeAxes = (layout: Layout) => ({
  axisX: layout.take(AXES[0].byteLength),
  axisY: layout.take(AXES[1].byteLength),
});
function writeAxes(buffer: ArrayBuffer, { axisX, axisY }: ReturnType<typeof takeAxes>): void {
  new Int16Array(buffer, axisX, AXES[0].length).set(AXES[0]);
  new Int16Array(buffer, axisY, AXES[1].length).set(AXES[1]);
}
/** Weights of a block's samples along an axis, + 1 of the first block, + 2 of the last. */
const SHARES = Int16Array.from(
  [0, 1, 2, 3].flatMap((kind) => [...shares(kind % 2 === 1, kind > 1)]),
);
const FIELDS = 26 * 4;
/** What assembly/search.ts and assembly/compensate.ts keep for themselves. */
const SCRATCH = 4096;

/** Frames that a group may have: those whose displacements are whole sixteenths of a pixel. */
export function fits(count: number): boolean {
  return count === 1 || count === 2 || count === 4;
}

/** Block matching by the kernels; undefined where they do not run. */
export function searchByWasm(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: BlockGrid,
): MotionSearch | undefined {
  if (!fits(frames.length)) return undefined;
  const planes = planesOf(reference, frames, grid);
  const blocks = grid.rows * grid.columns;
  const found = new Int16Array(blocks * 2);
  const coarse = new Int16Array(blocks * KEPT * 2);
  const search = openSearch(planes, grid, blocks);
  if (search === undefined) return undefined;
  search.own.searchBlocks(search.params);
  search.own.matchOverlapped(search.params);
  const { buffer } = search.own.memory;
  const codes = new Int32Array(buffer, search.codes, blocks).slice();
  found.set(new Int16Array(buffer, search.found, found.length));
  coarse.set(new Int16Array(buffer, search.coarse, coarse.length));
  return {
    codes,
    quarters: (wanted) => {
      // Other searches had the memory meanwhile.
      const again = openSearch(planes, grid, blocks * 4);
      if (again === undefined) return new BlockMatching(reference, frames, grid).quarters(wanted);
      const { buffer } = again.own.memory;
      new Int16Array(buffer, again.found, found.length).set(found);
      new Int16Array(buffer, again.coarse, coarse.length).set(coarse);
      const flags = new Uint8Array(buffer, again.wanted, blocks);
      const out = new Int32Array(buffer, again.codes, blocks * 4);
      for (let i = 0; i < blocks; i++) {
        flags[i] = wanted[i] ? 1 : 0;
        out.fill(codes[i] as number, i * 4, i * 4 + 4);
      }
      again.own.searchQuarters(again.params);
      return out.slice();
    },
  };
}

interface OpenSearch {
  readonly own: ClipKernels;
  readonly params: number;
  readonly found: number;
  readonly coarse: number;
  readonly codes: number;
  readonly wanted: number;
}

/** Memory that holds what a search reads, and room for `codes` codes. */
function openSearch(
  { fine, targets, small, smallTargets }: SearchPlanes,
  { rows, columns }: BlockGrid,
  codes: number,
): OpenSearch | undefined {
  const blocks = rows * columns;
  const size = blocks * BLOCK * BLOCK;
  const smallSize = (smallTargets[0] as Uint8Array).length;
  const layout = new Layout();
  const place = {
    params: layout.take(FIELDS),
    scratch: layout.take(SCRATCH),
    ...takeAxes(layout),
    nearestX: layout.take(NEAREST_X.length),
    nearestY: layout.take(NEAREST_Y.length),
    found: layout.take(blocks * 4),
    coarse: layout.take(blocks * KEPT * 4),
    codes: layout.take(codes * 4),
    wanted: layout.take(blocks),
    small: layout.take(small.data.length),
    smallTargets: layout.take(smallTargets.length * smallSize),
    fine: layout.take(fine.data.length),
    targets: layout.take(targets.length * size),
    shares: layout.take(SHARES.byteLength),
    rests: layout.take(targets.length * (rows * 8 + 8) * (columns * 8 + 8) * 4),
  };
  const own = kernels(layout.at);
  if (own === undefined) return undefined;
  const { buffer } = own.memory;
  const bytes = new Uint8Array(buffer);
  writeAxes(buffer, place);
  bytes.set(NEAREST_X, place.nearestX);
  bytes.set(NEAREST_Y, place.nearestY);
  new Int16Array(buffer, place.shares, SHARES.length).set(SHARES);
  bytes.set(fine.data, place.fine);
  bytes.set(small.data, place.small);
  for (const [i, target] of targets.entries()) bytes.set(target, place.targets + i * size);
  for (const [i, target] of smallTargets.entries()) {
    bytes.set(target, place.smallTargets + i * smallSize);
  }
  new Int32Array(buffer, place.params, FIELDS / 4).set([
    rows,
    columns,
    targets.length,
    place.fine,
    fine.width,
    fine.border,
    place.targets,
    place.small,
    small.width,
    small.border,
    place.smallTargets,
    place.axisX,
    place.axisY,
    place.nearestX,
    place.nearestY,
    AXIS_X.length,
    AXIS_Y.length,
    place.found,
    place.coarse,
    place.codes,
    place.wanted,
    place.scratch,
    place.shares,
    place.rests,
    PASSES,
    ENOUGH * (UNITS >> SHIFT) ** 2 * targets.length * SIDE * SIDE,
  ]);
  return { own, ...place };
}

/** Pixels around the reference: no vector leads beyond, nor does the filter at its end. */
const EDGE_X = LONGEST_X / QUARTERS + 4;
const EDGE_Y = LONGEST_Y / QUARTERS + 4;

/**
 * Weights in 1/4096 of the vectors above left, above right, below left and below right at each sample of a
 * part, [row of quarters is odd, column is odd, 4, 8, 24].
 */
const WEIGHTS = Int16Array.from({ length: 4 * 4 * PART * PART * 3 }, (_, i) => {
  const window = overlap(BLOCK);
  const x = Math.floor(i / 3) % PART;
  const y = Math.floor(i / (3 * PART)) % PART;
  const corner = Math.floor(i / (3 * PART * PART)) % 4;
  const odd = Math.floor(i / (12 * PART * PART));
  // From the middle of the block to the left, or above: that of the even quarter's neighbour.
  const left = window[x + (odd % 2 === 0 ? PART : 0)] as number;
  const above = window[y + (odd < 2 ? PART : 0)] as number;
  return (corner < 2 ? above : 64 - above) * (corner % 2 === 0 ? left : 64 - left);
});
const FILTERS = Int16Array.from(TAPS.flatMap((taps) => [...taps]));

/** `moveReference` by the kernels; undefined where they do not run. */
export function compensateByWasm(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  { rows, columns }: BlockGrid,
  known?: KnownFrames,
): Uint8Array[] | undefined {
  if (!fits(count)) return undefined;
  const blocks = rows * columns;
  const each = codes.length / blocks;
  const [width, height] = [columns * BLOCK, rows * BLOCK];
  const size = width * height * 3;
  const layout = new Layout();
  const place = {
    params: layout.take(FIELDS),
    scratch: layout.take(SCRATCH),
    ...takeAxes(layout),
    taps: layout.take(FILTERS.byteLength),
    weights: layout.take(WEIGHTS.byteLength),
    codes: layout.take(blocks * 16),
    known: known ? layout.take(blocks * 16) : 0,
    reference: layout.take(size),
    padded: layout.take((width + 2 * EDGE_X) * (height + 2 * EDGE_Y) * 3),
    out: layout.take(size * count),
  };
  const own = kernels(layout.at);
  if (own === undefined) return undefined;
  const { buffer } = own.memory;
  const bytes = new Uint8Array(buffer);
  writeAxes(buffer, place);
  new Int16Array(buffer, place.taps, FILTERS.length).set(FILTERS);
  new Int16Array(buffer, place.weights, WEIGHTS.length).set(WEIGHTS);
  const quarters = new Int32Array(buffer, place.codes, blocks * 4);
  if (each === 4) quarters.set(codes);
  else for (let i = 0; i < blocks; i++) quarters.fill(codes[i] as number, i * 4, i * 4 + 4);
  if (known) {
    new Int32Array(buffer, place.known, blocks * 4).set(known.codes);
    for (let f = 0; f < count; f++) bytes.set(known.frames[f] as Uint8Array, place.out + f * size);
  }
  bytes.set(reference, place.reference);
  new Int32Array(buffer, place.params, FIELDS / 4).set([
    rows,
    columns,
    count,
    place.reference,
    place.padded,
    EDGE_X,
    EDGE_Y,
    place.codes,
    place.known,
    place.out,
    place.axisX,
    place.axisY,
    AXIS_X.length,
    place.taps,
    place.weights,
    place.scratch,
  ]);
  own.padReference(place.params);
  own.compensate(place.params);
  return Array.from({ length: count }, (_, f) =>
    bytes.slice(place.out + f * size, place.out + (f + 1) * size),
  );
}
