// The steps of a search of codewords: by bytes (relaxed.ts) where the module is compiled for relaxed SIMD and
// bytes are fine enough for the codebook, else by int16 (nearest.ts). The codes are the same.

import * as plain from "./nearest";
import * as relaxed from "./relaxed";

export function packCodebook(
  c: usize,
  size: i32,
  pad: i32,
  mean: usize,
  panels: usize,
  norms: usize,
  state: usize,
): f64 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const radius = relaxed.packCodebook(c, size, pad, mean, panels, norms, state);
    if (relaxed.isFine(state)) return radius;
  }
  return plain.packCodebook(c, size, pad, mean, panels, norms, state);
}

export function packVectors(
  x: usize,
  rows: i32,
  pad: i32,
  mean: usize,
  packed: usize,
  lengths: usize,
  state: usize,
  norms: usize,
  whole: usize,
  size: i32,
): f64 {
  if (ASC_FEATURE_RELAXED_SIMD && relaxed.isFine(state)) {
    return relaxed.packVectors(x, rows, pad, mean, packed, lengths, state, norms, whole, size);
  }
  return plain.packVectors(x, rows, pad, mean, packed, lengths, state, norms, whole, size);
}

export function groupMaxima(
  packed: usize,
  quads: i32,
  pad: i32,
  panels: usize,
  whole: usize,
  panelCount: i32,
  blockPanels: i32,
  maxima: usize,
  top: usize,
  state: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD && relaxed.isFine(state)) {
    relaxed.groupMaxima(packed, quads, pad, panels, whole, panelCount, maxima, top, state);
  } else {
    plain.groupMaxima(packed, quads, pad, panels, whole, panelCount, blockPanels, maxima, top);
  }
}

export function finishBlocks(
  x: usize,
  rows: i32,
  dim: i32,
  pad: i32,
  lengths: usize,
  packed: usize,
  panels: usize,
  whole: usize,
  panelCount: i32,
  blockPanels: i32,
  maxima: usize,
  top: usize,
  c: usize,
  size: i32,
  state: usize,
  bests: usize,
  indices: usize,
  distances: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD && relaxed.isFine(state)) {
    relaxed.finishBlocks(
      x, rows, dim, pad, lengths, panelCount, maxima, c, size, state, indices, distances,
    ); // prettier-ignore
    return;
  }
  plain.finishBlocks(
    x, rows, dim, pad, lengths, packed, panels, whole, panelCount, blockPanels, maxima, top, c, size,
    state, bests, indices, distances,
  ); // prettier-ignore
}
