/*
 * Block matching and motion compensation as the codec calls them: WebAssembly SIMD where the engine has
 * it, else plain TypeScript. Both give the same codes and pixels.
 */
import { BlockMatching } from "./block-matching.js";
import { moveByDefinition } from "./compensation.js";
import { compensateByWasm, searchByWasm } from "./motion-wasm.js";
import type { BlockGrid, KnownFrames, MotionSearch } from "./motion.js";

/**
 * Block matching of a group's frames in a reference, RGB of rows x 16 by columns x 16 pixels each
 * (`BlockMatching` says how).
 *
 * @throws ArgumentError where a frame is of another size, or there is none
 */
export function searchMotion(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: BlockGrid,
): MotionSearch {
  return searchByWasm(reference, frames, grid) ?? new BlockMatching(reference, frames, grid);
}

/** The same: a code per block. */
export function estimateMotion(
  reference: Uint8Array,
  frames: readonly Uint8Array[],
  grid: BlockGrid,
): Int32Array {
  return searchMotion(reference, frames, grid).codes;
}

/**
 * The `count` frames of a group as motion predicts them: frame t (from 1) takes pixels from the reference
 * at t / count of a vector, between pixels by cubic convolution, borders repeated. A pixel is a mean over
 * what the vectors of its own and the three nearest blocks predict, weighted by the distance to their
 * middles, so that there are no edges between blocks. `codes` has one per block, or one per quarter of
 * each ([blocks, 4]); of a block beside, it is the nearest quarter that counts. count is 1, 2 or 4.
 *
 * `known` are the frames of other codes of quarters: only what differs is made anew.
 */
export function moveReference(
  reference: Uint8Array,
  codes: Int32Array,
  count: number,
  grid: BlockGrid,
  known?: KnownFrames,
): Uint8Array[] {
  return (
    compensateByWasm(reference, codes, count, grid, known) ??
    moveByDefinition(reference, codes, count, grid, known)
  );
}
