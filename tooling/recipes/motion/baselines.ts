/** What the tokens are measured against, at the same bits per second: PCA of patches, and key frames. */
import { readSafetensors } from "@dtok/core";
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

/** What PCA learned: `basis` [K, D] of weighed differences from `mean`, and how far each spreads. */
export interface PcaAxes {
  readonly mean: Float64Array;
  readonly basis: readonly Float64Array[];
  readonly deviation: Float64Array;
}

/** How bits of a patch are shared out: so many components of so many bits. */
export interface PcaShare {
  readonly components: number;
  readonly bits: number;
}

export interface PcaCoder extends PcaShare {
  code(features: Float32Array): Float32Array;
}

/** Turns and ways are small next to places and add up: weighed as the loss of training does. */
const WEIGHT = Float64Array.from({ length: DIM }, (_, i) => (i % KEPT < 3 ? 8 : 1));

/**
 * PCA of patches of four frames by orthogonal iteration.
 *
 * @param most axes
 * @returns also the training patches on them, by which bits are shared out
 */
export function fitAxes(
  training: readonly Float32Array[],
  most: number,
): PcaAxes & { readonly scores: readonly Float64Array[] } {
  const rows = training.flatMap(patches).filter((_, i) => i % 4 === 0);
  const mean = new Float64Array(DIM);
  for (const row of rows) for (let d = 0; d < DIM; d++) mean[d]! += row[d]! / rows.length;
  const cov = new Float64Array(DIM * DIM);
  for (const row of rows) {
    for (let a = 0; a < DIM; a++) {
      const va = (row[a]! - mean[a]!) * WEIGHT[a]!;
      for (let b = 0; b <= a; b++) cov[a * DIM + b]! += va * (row[b]! - mean[b]!) * WEIGHT[b]!;
    }
  }
  for (let a = 0; a < DIM; a++) for (let b = 0; b < a; b++) cov[b * DIM + a] = cov[a * DIM + b]!;
  const basis = eigen(cov, most);
  const scores = rows.map((row) => project(row, mean, basis));
  const deviation = Float64Array.from({ length: most }, (_, k) =>
    Math.sqrt(scores.reduce((sum, s) => sum + s[k]! ** 2, 0) / scores.length),
  );
  return { mean, basis, deviation, scores };
}

/** Of all ways to share the bits of a patch the best on training data. */
export function shareBits(
  { deviation, scores }: Pick<ReturnType<typeof fitAxes>, "deviation" | "scores">,
  bitsPerPatch: number,
): PcaShare {
  const most = Math.min(deviation.length, Math.max(1, Math.floor(bitsPerPatch / 2)));
  let best = { components: 1, bits: bitsPerPatch, error: Infinity };
  for (let bits = 2; bits <= Math.min(9, bitsPerPatch); bits++) {
    const components = Math.min(deviation.length, Math.floor(bitsPerPatch / bits));
    let error = 0;
    for (const s of scores.slice(0, 2000)) {
      for (let k = 0; k < most; k++)
        error += (s[k]! - (k < components ? rounded(s[k]!, deviation[k]!, bits) : 0)) ** 2;
    }
    if (error < best.error) best = { components, bits, error };
  }
  return best;
}

/** The largest components of each patch in uniform steps over four deviations. */
export function pcaCoder({ mean, basis, deviation }: PcaAxes, share: PcaShare): PcaCoder {
  const axes = basis.slice(0, share.components);
  return {
    ...share,
    code(features) {
      const out = features.slice();
      const frames = features.length / FEATURE_DIM;
      for (const [p, row] of patches(features).entries()) {
        const s = project(row, mean, axes);
        const back = new Float64Array(DIM);
        for (const [k, axis] of axes.entries()) {
          const value = rounded(s[k]!, deviation[k]!, share.bits);
          for (let d = 0; d < DIM; d++) back[d]! += value * axis[d]!;
        }
        for (let i = 0; i < PATCH && p * PATCH + i < frames; i++)
          for (let d = 0; d < KEPT; d++) {
            const at = i * KEPT + d;
            out[(p * PATCH + i) * FEATURE_DIM + d] = back[at]! / WEIGHT[at]! + mean[at]!;
          }
      }
      return out;
    },
  };
}

/** Axes fitted on training data, and a coder on them. */
export function fitPca(training: readonly Float32Array[], bitsPerPatch: number): PcaCoder {
  const axes = fitAxes(training, Math.max(1, Math.floor(bitsPerPatch / 2)));
  return pcaCoder(axes, shareBits(axes, bitsPerPatch));
}

/** Axes that `pca.ts` fitted, and how it shared the bits of each rate (bits per second) among them. */
export function readAxes(bytes: Uint8Array): PcaAxes & { readonly shares: Map<number, PcaShare> } {
  const { tensors } = readSafetensors(bytes);
  const rows = (name: string) => {
    const { data, shape } = tensors[name]!;
    const width = shape[1] ?? 1;
    return Array.from({ length: shape[0]! }, (_, k) =>
      Float64Array.from((data as Float32Array).subarray(k * width, (k + 1) * width)),
    );
  };
  const flat = (name: string) => Float64Array.from(tensors[name]!.data as Float32Array);
  const shares = rows("shares").map(
    ([rate, components, bits]) => [rate!, { components: components!, bits: bits! }] as const,
  );
  return {
    mean: flat("mean"),
    basis: rows("basis"),
    deviation: flat("deviation"),
    shares: new Map(shares),
  };
}

function rounded(value: number, deviation: number, bits: number): number {
  const levels = 2 ** bits;
  const step = (8 * deviation) / levels;
  const index = Math.max(0, Math.min(levels - 1, Math.floor(value / step + levels / 2)));
  return (index - levels / 2 + 0.5) * step;
}

function project(row: Float64Array, mean: Float64Array, basis: readonly Float64Array[]) {
  return Float64Array.from(basis, (axis) => {
    let sum = 0;
    for (let d = 0; d < DIM; d++) sum += (row[d]! - mean[d]!) * WEIGHT[d]! * axis[d]!;
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
