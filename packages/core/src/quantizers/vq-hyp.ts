/*
 * Vector quantization in the Poincaré ball. A latent v is a tangent vector at the centre of the ball
 * of curvature -c; exponential map and distance as in Ganea et al., arXiv 1805.09112, Eqs. 2 and 13:
 *
 *   x = tanh(√c |v|) v / (√c |v|);   d(x, y) = (1/√c) arcosh(1 + 2c |x - y|² / ((1 - c|x|²)(1 - c|y|²)))
 *   k = argmin over j of d(x, y_j), ties to the lowest index;   decoded: the tangent vector of y_k
 *
 * Space grows exponentially with the radius, as a tree does with its depth: far latents of unlike
 * directions are nearer to a word at the centre than to each other. LLM-AR (arXiv 2404.00532) writes
 * actions in a codebook of this geometry; its encoder is not here, and neither is HyperVQ's logistic
 * regression (arXiv 2403.13015), which is learned with a network.
 *
 * With polar coordinates (a, u), a = 2√c |v| the distance to the centre times √c, the distance is
 *
 *   sinh²(√c d / 2) = sinh²((a - b) / 2) + sinh a sinh b |u - w|² / 4
 *
 * which neither cancels near the centre nor at the rim, where 1 - c|x|² does. Words are fitted by
 * k-means under the squared Lorentzian distance 4 sinh²(√c d / 2), which is monotone in d and whose
 * centroid is the normalised sum in the hyperboloid (Law et al., "Lorentzian distance learning", ICML
 * 2019, Eq. 11), so that no pass makes the sum of distances larger.
 */
import { ArgumentError, FormatError, ShapeError } from "../errors/index.js";
import { createRandom } from "../math/random.js";
import type { Codes } from "../spec/codes.js";
import type {
  FitOptions,
  QuantizerFamily,
  QuantizerState,
  VectorSource,
} from "../spec/quantizer.js";
import type { Matrix } from "../spec/tensor.js";
import { BaseQuantizer } from "./base.js";
import { checkInteger, checkMatrix } from "./checks.js";
import { fitStep, sampleVectors } from "./fit-sample.js";
import { checkState, parseCount, specBody, stateFloats, stateInteger } from "./parse.js";
import type { Technique } from "./technique.js";

const GRAMMAR = "vq-hyp:<K>";
const MAX_SIZE = 2 ** 20;
/** Largest a: sinh² of it is a double. What lies farther is taken to lie there. */
const MAX_RADIUS = 250;
const INIT_STREAM = 0x4b9;

export interface HyperbolicVqOptions {
  /** c: the ball's curvature is -c, its radius 1/√c. */
  readonly curvature: number;
}

export interface HyperbolicFitOptions extends FitOptions {
  /** Default: so that the mean |v| is 1/√c, the mean distance to the centre twice that. */
  readonly curvature?: number;
}

/** Radii [n] and unit directions [n, D] of vectors. */
interface Polar {
  readonly radius: Float64Array;
  readonly direction: Float64Array;
}

function polar({ data, shape: [rows, dim] }: Matrix, curvature: number): Polar {
  const radius = new Float64Array(rows);
  const direction = new Float64Array(rows * dim);
  const scale = 2 * Math.sqrt(curvature);
  for (let n = 0; n < rows; n++) {
    let square = 0;
    for (let d = 0; d < dim; d++) square += data[n * dim + d]! ** 2;
    const length = Math.sqrt(square);
    if (length === 0) continue;
    radius[n] = Math.min(MAX_RADIUS, scale * length);
    for (let d = 0; d < dim; d++) direction[n * dim + d] = data[n * dim + d]! / length;
  }
  return { radius, direction };
}

/** The nearest word of each point: its index, and sinh²(√c d / 2). */
function assign(points: Polar, words: Polar, dim: number, out: Int32Array): Float64Array {
  const { radius, direction } = points;
  const size = words.radius.length;
  const sinhs = words.radius.map(Math.sinh);
  const costs = new Float64Array(radius.length);
  for (let n = 0; n < radius.length; n++) {
    const b = radius[n]!;
    const quarter = Math.sinh(b) / 4;
    let best = Infinity;
    let at = 0;
    for (let k = 0; k < size; k++) {
      const radial = Math.sinh((words.radius[k]! - b) / 2) ** 2;
      // The angle only adds.
      if (radial >= best) continue;
      let apart = 0;
      for (let d = 0, i = n * dim, j = k * dim; d < dim; d++, i++, j++) {
        apart += (direction[i]! - words.direction[j]!) ** 2;
      }
      const cost = radial + sinhs[k]! * quarter * apart;
      if (cost < best) {
        best = cost;
        at = k;
      }
    }
    out[n] = at;
    costs[n] = best;
  }
  return costs;
}

/** Vector quantizer in the Poincaré ball: latents [N, D], tangent vectors, to codes [N, 1]. */
export class HyperbolicVqQuantizer extends BaseQuantizer {
  readonly curvature: number;
  readonly #codebook: Matrix;
  readonly #words: Polar;

  /** @param codebook [K, D], tangent vectors at the centre; copied */
  constructor(codebook: Matrix, { curvature }: HyperbolicVqOptions) {
    const [size, dim] = [checkMatrix(codebook, undefined, "codebook"), codebook.shape[1]];
    if (size < 1 || size > MAX_SIZE) {
      throw new ShapeError("codebook", {
        expected: `[K, D] with K from 1 to ${MAX_SIZE}`,
        got: `K = ${size}`,
        remedy: "Split a larger codebook into several.",
      });
    }
    checkCurvature(curvature);
    const words = polar(codebook, curvature);
    super({
      kind: "vq-hyp",
      spec: `vq-hyp:${size}`,
      dim,
      codebookSizes: [size],
      // Equal words, or words beyond the largest radius in one direction, are one place.
      idempotent: distinct(words, dim),
      prefixDecodable: false,
    });
    this.curvature = curvature;
    this.#codebook = { data: codebook.data.slice(), shape: [size, dim] };
    this.#words = words;
  }

  /** A copy of the words as tangent vectors, [K, D]. */
  get codebook(): Matrix {
    return { data: this.#codebook.data.slice(), shape: this.#codebook.shape };
  }

  /** The words in the ball, [K, D], each shorter than 1/√c (or as long, by rounding). */
  get ball(): Matrix {
    const root = Math.sqrt(this.curvature);
    const [rows, dim] = this.#codebook.shape;
    const data = new Float32Array(rows * dim);
    for (let i = 0; i < data.length; i++) {
      const radius = this.#words.radius[Math.floor(i / dim)]!;
      data[i] = (Math.tanh(radius / 2) * this.#words.direction[i]!) / root;
    }
    return { data, shape: [rows, dim] };
  }

  protected encode(latents: Matrix, out: Int32Array): void {
    assign(polar(latents, this.curvature), this.#words, this.dim, out);
  }

  protected decode(codes: Codes, _levels: number, out: Float32Array): void {
    const { dim } = this;
    for (let n = 0; n < codes.shape[0]; n++) {
      const from = codes.data[n]! * dim;
      out.set(this.#codebook.data.subarray(from, from + dim), n * dim);
    }
  }

  protected stateParts() {
    const { data, shape } = this.#codebook;
    return {
      config: { dim: this.dim, size: shape[0], curvature: this.curvature },
      tensors: { codebook: { data, shape } },
    };
  }
}

/** A hyperbolic quantizer of an existing codebook of tangent vectors [K, D]. */
export function hyperbolicVq(
  codebook: Matrix,
  options: HyperbolicVqOptions,
): HyperbolicVqQuantizer {
  return new HyperbolicVqQuantizer(codebook, options);
}

/** Fits `vq-hyp:<K>` by k-means under the squared Lorentzian distance. */
export async function fitHyperbolicVq(
  spec: string,
  vectors: VectorSource,
  options: HyperbolicFitOptions = {},
): Promise<HyperbolicVqQuantizer> {
  const size = parseCount(specBody(spec, "vq-hyp", GRAMMAR), MAX_SIZE, spec, GRAMMAR);
  const sample = await sampleVectors(vectors, { ...options, codewords: size });
  const [rows, dim] = sample.shape;
  if (rows < size) {
    throw new ArgumentError(spec, {
      expected: `at least ${size} vectors for ${size} codewords`,
      got: String(rows),
      remedy: "Ask for fewer codewords, or pass more vectors.",
    });
  }
  const curvature = options.curvature ?? defaultCurvature(sample);
  checkCurvature(curvature);
  const points = polar(sample, curvature);
  const steps = checkInteger(options.iterations ?? 25, 0, 1e6, "iterations");
  let words = seedWords(points, size, dim, options);
  let codes = new Int32Array(rows);
  let costs = assign(points, words, dim, codes);
  let error = mean(costs);
  for (let step = 1; step <= steps; step++) {
    const next = centroids(points, costs, codes, words, dim);
    const found = new Int32Array(rows);
    const away = assign(points, next, dim, found);
    const now = mean(away);
    await fitStep(options, "hyperbolic k-means", step, steps, 4 * Math.min(now, error));
    // Giving an empty word a point of its own can raise others' sums: the better stays.
    if (now > error) break;
    const settled = error - now <= 1e-5 * error;
    [words, codes, costs, error] = [next, found, away, now];
    if (settled) break;
  }
  const data = new Float32Array(size * dim);
  const scale = 2 * Math.sqrt(curvature);
  for (let k = 0; k < size; k++) {
    for (let d = 0; d < dim; d++) {
      data[k * dim + d] = (words.radius[k]! / scale) * words.direction[k * dim + d]!;
    }
  }
  return new HyperbolicVqQuantizer({ data, shape: [size, dim] }, { curvature });
}

function defaultCurvature({ data, shape: [rows, dim] }: Matrix): number {
  let sum = 0;
  for (let n = 0; n < rows; n++) {
    let square = 0;
    for (let d = 0; d < dim; d++) square += data[n * dim + d]! ** 2;
    sum += Math.sqrt(square);
  }
  const length = sum / rows;
  // Of nothing but zeros every curvature is right.
  return length === 0 ? 1 : 1 / length ** 2;
}

/** k-means++ (Arthur and Vassilvitskii 2007) under the same distance; or a random sample. */
function seedWords(points: Polar, size: number, dim: number, options: FitOptions): Polar {
  const rows = points.radius.length;
  const random = createRandom(options.seed ?? 0, INIT_STREAM);
  const words: Polar = {
    radius: new Float64Array(size),
    direction: new Float64Array(size * dim),
  };
  const take = (k: number, n: number): void => {
    words.radius[k] = points.radius[n]!;
    words.direction.set(points.direction.subarray(n * dim, (n + 1) * dim), k * dim);
  };
  if (options.init !== undefined && options.init !== "kmeans++") {
    for (const [k, n] of random.sample(size, rows).entries()) take(k, n);
    return words;
  }
  const nearest = new Float64Array(rows).fill(Infinity);
  const none = new Int32Array(rows);
  let pick = random.integer(rows);
  for (let k = 0; k < size; k++) {
    take(k, pick);
    const one: Polar = {
      radius: words.radius.subarray(k, k + 1),
      direction: words.direction.subarray(k * dim, (k + 1) * dim),
    };
    const away = assign(points, one, dim, none);
    let total = 0;
    for (let n = 0; n < rows; n++) total += nearest[n] = Math.min(nearest[n]!, away[n]!);
    let left = random.float() * total;
    pick = 0;
    // With all weight used up by equal points any point does.
    if (total === 0) pick = random.integer(rows);
    else while (pick < rows - 1 && (left -= nearest[pick]!) > 0) pick++;
  }
  return words;
}

function centroids(
  points: Polar,
  costs: Float64Array,
  codes: Int32Array,
  before: Polar,
  dim: number,
): Polar {
  const size = before.radius.length;
  const words: Polar = {
    radius: new Float64Array(size),
    direction: new Float64Array(size * dim),
  };
  const counts = new Int32Array(size);
  const time = new Float64Array(size);
  const sinhs = points.radius.map(Math.sinh);
  for (let n = 0; n < codes.length; n++) {
    const k = codes[n]!;
    counts[k]!++;
    time[k]! += Math.cosh(points.radius[n]!);
    for (let d = 0; d < dim; d++) {
      words.direction[k * dim + d]! += sinhs[n]! * points.direction[n * dim + d]!;
    }
  }
  const space = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const own = words.direction.subarray(k * dim, (k + 1) * dim);
    space[k] = Math.hypot(...own);
    if (space[k]! > 0) for (let d = 0; d < dim; d++) own[d]! /= space[k]!;
  }
  // time - space without cancellation: the sum of exp(-a) + sinh(a) (1 - cos of the angle).
  const rest = new Float64Array(size);
  for (let n = 0; n < codes.length; n++) {
    const k = codes[n]!;
    let apart = 0;
    for (let d = 0; d < dim; d++) {
      apart += (points.direction[n * dim + d]! - words.direction[k * dim + d]!) ** 2;
    }
    // A point at the centre has no direction and no part in the angle: sinh is 0.
    rest[k]! += Math.exp(-points.radius[n]!) + (sinhs[n]! * apart) / 2;
  }
  const taken = costs.slice();
  for (let k = 0; k < size; k++) {
    if (counts[k]! > 0) {
      words.radius[k] = space[k] === 0 ? 0 : 0.5 * Math.log((time[k]! + space[k]!) / rest[k]!);
      continue;
    }
    // An empty word takes the point that is farthest from its own.
    let far = 0;
    for (let n = 1; n < taken.length; n++) if (taken[n]! > taken[far]!) far = n;
    taken[far] = -1;
    words.radius[k] = points.radius[far]!;
    words.direction.set(points.direction.subarray(far * dim, (far + 1) * dim), k * dim);
  }
  return words;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function distinct({ radius, direction }: Polar, dim: number): boolean {
  const seen = new Set<string>();
  for (let k = 0; k < radius.length; k++) {
    seen.add(`${radius[k]} ${direction.subarray(k * dim, (k + 1) * dim).join(" ")}`);
  }
  return seen.size === radius.length;
}

function checkCurvature(curvature: number): void {
  if (Number.isFinite(curvature) && curvature > 0) return;
  throw new ArgumentError("curvature", {
    expected: "a finite number above 0",
    got: String(curvature),
    remedy: "Pass c of the ball of radius 1/√c; vq has curvature 0.",
  });
}

export const hyperbolicVqFamily: QuantizerFamily = {
  kind: "vq-hyp",
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith("vq-hyp:"),
  fit: fitHyperbolicVq,
  fromState(state: QuantizerState): HyperbolicVqQuantizer {
    checkState(state, "vq-hyp");
    const dim = stateInteger(state, "dim", 1, 2 ** 24);
    const size = stateInteger(state, "size", 1, MAX_SIZE);
    const { curvature } = state.config;
    if (typeof curvature !== "number" || !(curvature > 0 && Number.isFinite(curvature))) {
      throw new FormatError("state of vq-hyp", {
        expected: "config.curvature to be a finite number above 0",
        got: String(curvature),
        remedy: "The file is damaged.",
      });
    }
    const { data } = stateFloats(state, "codebook", [size, dim]);
    return new HyperbolicVqQuantizer({ data, shape: [size, dim] }, { curvature });
  },
};

export const techniques: readonly Technique[] = [
  {
    id: "t-vq-hyperbolic",
    name: "VQ in the Poincaré ball",
    kind: "vq-hyp",
    family: "VQ",
    file: "quantizers/vq-hyp.ts",
    use: "vq-hyp:512",
    source: "arXiv 1805.09112, Eqs. 2 and 13; codebook as in LLM-AR, arXiv 2404.00532",
  },
];
