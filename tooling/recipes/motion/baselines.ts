/** What the tokens are measured against, at the same bits per second: PCA of patches, and key frames. */
import { FEATURE_DIM, FEATURE_FPS, bodies, fitRotations, placesFromFeatures } from "@dtok/motion";
import type { Embodiment, MotionSignal, Start } from "@dtok/motion";

/** Numbers of a patch of four frames that say everything: turn, way, height and places. */
const KEPT = 67;
const PATCH = 4;
const DIM = KEPT * PATCH;

function patches(features: Float32Array): Float64Array[] {
  const frames = features.length / FEATURE_DIM;
  const out: Float64Array[] = [];
  for (let t = 0; t < frames; t += PATCH) {
    const row = new Float64Array(DIM);
    for (let i = 0; i < PATCH; i++) {
      const from = Math.min(frames - 1, t + i) * FEATURE_DIM;
      for (let d = 0; d < KEPT; d++) row[i * KEPT + d] = features[from + d]!;
    }
    out.push(row);
  }
  return out;
}

export interface PcaCoder {
  readonly components: number;
  readonly bits: number;
  code(features: Float32Array): Float32Array;
}

/**
 * PCA of patches of four frames by orthogonal iteration, the largest components in uniform steps over
 * four deviations; of all ways to share the bits the best on training data.
 */
export function fitPca(training: readonly Float32Array[], bitsPerPatch: number): PcaCoder {
  const rows = training.flatMap(patches).filter((_, i) => i % 4 === 0);
  // Turns and ways are small next to places and add up: weighed as the loss of training does.
  const weight = new Float64Array(DIM);
  for (let i = 0; i < DIM; i++) weight[i] = i % KEPT < 3 ? 8 : 1;
  const mean = new Float64Array(DIM);
  for (const row of rows) for (let d = 0; d < DIM; d++) mean[d]! += row[d]! / rows.length;
  const cov = new Float64Array(DIM * DIM);
  for (const row of rows) {
    for (let a = 0; a < DIM; a++) {
      const va = (row[a]! - mean[a]!) * weight[a]!;
      for (let b = 0; b <= a; b++) cov[a * DIM + b]! += va * (row[b]! - mean[b]!) * weight[b]!;
    }
  }
  for (let a = 0; a < DIM; a++) for (let b = 0; b < a; b++) cov[b * DIM + a] = cov[a * DIM + b]!;
  const most = Math.max(1, Math.floor(bitsPerPatch / 2));
  const basis = eigen(cov, most);
  const scores = rows.map((row) => project(row, mean, weight, basis));
  const deviation = Float64Array.from({ length: most }, (_, k) =>
    Math.sqrt(scores.reduce((sum, s) => sum + s[k]! ** 2, 0) / scores.length),
  );
  let best = { components: 1, bits: bitsPerPatch, error: Infinity };
  for (let bits = 2; bits <= Math.min(9, bitsPerPatch); bits++) {
    const components = Math.floor(bitsPerPatch / bits);
    let error = 0;
    for (const s of scores.slice(0, 2000)) {
      for (let k = 0; k < most; k++)
        error += (s[k]! - (k < components ? rounded(s[k]!, deviation[k]!, bits) : 0)) ** 2;
    }
    if (error < best.error) best = { components, bits, error };
  }
  return {
    ...best,
    code(features) {
      const out = features.slice();
      const frames = features.length / FEATURE_DIM;
      for (const [p, row] of patches(features).entries()) {
        const s = project(row, mean, weight, basis);
        const back = new Float64Array(DIM);
        for (let k = 0; k < best.components; k++) {
          const value = rounded(s[k]!, deviation[k]!, best.bits);
          for (let d = 0; d < DIM; d++) back[d]! += value * basis[k]![d]!;
        }
        for (let i = 0; i < PATCH && p * PATCH + i < frames; i++)
          for (let d = 0; d < KEPT; d++) {
            const at = i * KEPT + d;
            out[(p * PATCH + i) * FEATURE_DIM + d] = back[at]! / weight[at]! + mean[at]!;
          }
      }
      return out;
    },
  };
}

function rounded(value: number, deviation: number, bits: number): number {
  const levels = 2 ** bits;
  const step = (8 * deviation) / levels;
  const index = Math.max(0, Math.min(levels - 1, Math.floor(value / step + levels / 2)));
  return (index - levels / 2 + 0.5) * step;
}

function project(
  row: Float64Array,
  mean: Float64Array,
  weight: Float64Array,
  basis: Float64Array[],
) {
  return basis.map((axis) => {
    let sum = 0;
    for (let d = 0; d < DIM; d++) sum += (row[d]! - mean[d]!) * weight[d]! * axis[d]!;
    return sum;
  });
}

/** Leading eigenvectors of a symmetric matrix by orthogonal iteration. */
function eigen(matrix: Float64Array, count: number): Float64Array[] {
  let basis = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length: DIM }, (_, d) => Math.sin((k + 1) * (d + 1) * 12.9898)),
  );
  for (let pass = 0; pass < 60; pass++) {
    basis = basis.map((v) => {
      const out = new Float64Array(DIM);
      for (let a = 0; a < DIM; a++) {
        let sum = 0;
        for (let b = 0; b < DIM; b++) sum += matrix[a * DIM + b]! * v[b]!;
        out[a] = sum;
      }
      return out;
    });
    for (let k = 0; k < count; k++) {
      const v = basis[k]!;
      for (let l = 0; l < k; l++) {
        const u = basis[l]!;
        let dot = 0;
        for (let d = 0; d < DIM; d++) dot += u[d]! * v[d]!;
        for (let d = 0; d < DIM; d++) v[d]! -= dot * u[d]!;
      }
      let norm = 0;
      for (const x of v) norm += x * x;
      norm = Math.sqrt(norm) || 1;
      for (let d = 0; d < DIM; d++) v[d]! /= norm;
    }
  }
  return basis;
}

/** Bits of a key frame: 66 places and the heading, 8 bits each. */
export const KEY_BITS = (22 * 3 + 1) * 8;

/**
 * Key frames at an even distance that spends as many bits, 8 bits a number (steps of 1.6 cm over 4 m
 * around the root, the root's ground place whole), straight lines between them.
 */
export function keyFrames(
  features: Float32Array,
  start: Start,
  body: Embodiment,
  bitsPerSecond: number,
): MotionSignal {
  const places = placesFromFeatures(features, start);
  const frames = features.length / FEATURE_DIM;
  const gap = Math.max(1, (KEY_BITS / bitsPerSecond) * FEATURE_FPS);
  const width = 66;
  const count = Math.max(1, Math.round(frames / gap));
  const at = (k: number) => (count === 1 ? 0 : Math.round((k * (frames - 1)) / (count - 1)));
  const step = 4 / 256;
  const key = (t: number) =>
    Float64Array.from({ length: width }, (_, i) => {
      const root = places[t * width + (i % 3)]!;
      const value = places[t * width + i]!;
      return i < 3 || i % 3 === 1
        ? Math.round(value / step) * step
        : root + Math.round((value - root) / step) * step;
    });
  const out = new Float32Array(frames * width);
  for (let k = 0; k < Math.max(1, count - 1); k++) {
    const [from, to] = [at(k), count === 1 ? frames - 1 : at(k + 1)];
    const [a, b] = [key(from), count === 1 ? key(from) : key(to)];
    for (let t = from; t <= to; t++) {
      const share = to > from ? (t - from) / (to - from) : 0;
      for (let i = 0; i < width; i++) out[t * width + i] = (1 - share) * a[i]! + share * b[i]!;
    }
  }
  return fitRotations(bodies[body], bodies[body].skeleton, out, FEATURE_FPS);
}
