/*
 * Hierarchical k-means: the vectors are clustered, then the vectors of each cluster again, and so on;
 * a code's meaning depends on the codes before it. Semantic structured identifiers of DSI
 * (Tay et al., arXiv 2202.06991, section 3.2); items of ColaRec (arXiv 2403.10927) and EAGER
 * (arXiv 2406.14017); vocabulary trees, Nister and Stewenius (CVPR 2006).
 *
 *   code_1 = argmin over k of |x - c_k|²,  code_2 = argmin over k of |x - c_{code_1 k}|², …
 *
 * Centroids are of whole vectors, not of residuals. A cluster of at most K vectors ends in one centroid
 * per different vector, so small clusters have fewer than K codes.
 */
import {
  ArgumentError,
  BaseQuantizer,
  FormatError,
  MismatchError,
  kmeans,
  portableKernels,
} from "@dtok/core";
import type {
  Codes,
  FitOptions,
  Matrix,
  QuantizerFamily,
  QuantizerState,
  Tensor,
  VectorSource,
} from "@dtok/core";
import { sampleRows } from "./residual.js";

const KIND = "hkmeans";
const GRAMMAR = "hkmeans:<levels>x<K>";
const SAMPLE_STREAM = 0x41ea7;
const FORMAT_REMEDY = "The file is damaged, or was not written by dtok.";
/** Centroids of a whole tree. */
const MAX_NODES = 2 ** 22;

/** The centroids of one node's children: rows [begin, begin + count) of its level. */
interface Level {
  /** [nodes of this level, D]. */
  readonly centroids: Matrix;
  /** Length P + 1 for P nodes of the level before: where each one's children begin. */
  readonly first: Int32Array;
}

/** Quantizer of vectors [N, D] to paths [N, levels] of a tree of centroids. */
export class HierarchicalQuantizer extends BaseQuantizer {
  readonly #levels: readonly Level[];

  /** @internal Made by `fitHierarchical` or from a state. */
  constructor(
    dim: number,
    readonly size: number,
    levels: readonly Level[],
  ) {
    super({
      kind: KIND,
      spec: `${KIND}:${levels.length}x${size}`,
      dim,
      codebookSizes: levels.map(() => size),
      // A leaf's nearest centroid may be another's further up.
      idempotent: false,
      prefixDecodable: true,
    });
    this.#levels = levels;
  }

  /** Centroids per level. */
  get nodes(): readonly number[] {
    return this.#levels.map(({ centroids }) => centroids.shape[0]);
  }

  protected encode({ data, shape: [rows] }: Matrix, out: Int32Array): void {
    const { dim } = this;
    const depth = this.#levels.length;
    let parents = new Int32Array(rows);
    for (const [l, { centroids, first }] of this.#levels.entries()) {
      const next = new Int32Array(rows);
      for (const [parent, members] of groupBy(parents, first.length - 1)) {
        if (members.length === 0) continue;
        const part = new Float32Array(members.length * dim);
        for (const [i, n] of members.entries()) {
          part.set(data.subarray(n * dim, (n + 1) * dim), i * dim);
        }
        const begin = first[parent]!;
        const end = first[parent + 1]!;
        const { indices } = portableKernels().nearest(
          { data: part, shape: [members.length, dim] },
          { data: centroids.data.subarray(begin * dim, end * dim), shape: [end - begin, dim] },
        );
        for (const [i, n] of members.entries()) {
          out[n * depth + l] = indices[i]!;
          next[n] = begin + indices[i]!;
        }
      }
      parents = next;
    }
  }

  /**
   * The centroid of the path's end. A path that the tree does not have is decoded to the last
   * centroid that it has.
   */
  protected decode(codes: Codes, levels: number, out: Float32Array): void {
    const { dim } = this;
    const [rows, width] = codes.shape;
    for (let n = 0; n < rows; n++) {
      let node = 0;
      let from: Float32Array | undefined;
      for (let l = 0; l < levels; l++) {
        const { centroids, first } = this.#levels[l]!;
        const next = first[node]! + codes.data[n * width + l]!;
        if (next >= first[node + 1]!) break;
        node = next;
        from = centroids.data.subarray(node * dim, (node + 1) * dim);
      }
      from ??= this.#levels[0]!.centroids.data.subarray(0, dim);
      out.set(from, n * dim);
    }
  }

  protected stateParts() {
    const tensors: Record<string, Tensor> = {};
    for (const [l, { centroids, first }] of this.#levels.entries()) {
      tensors[`level.${l}.centroids`] = centroids;
      tensors[`level.${l}.first`] = { data: first, shape: [first.length] };
    }
    const config = { dim: this.dim, levels: this.#levels.length, size: this.size };
    return { config, tensors };
  }
}

/**
 * Fits a tree of `levels` levels of up to K children. Vectors beyond `maxSamples` (default 65,536, or
 * 256 per code of one level) are left out, sampled uniformly.
 *
 * @param spec "hkmeans:3x256"
 */
export async function fitHierarchical(
  spec: string,
  vectors: VectorSource,
  options: FitOptions = {},
): Promise<HierarchicalQuantizer> {
  const [depth, size] = parseSpec(spec);
  const sample = await sampleRows(vectors, Math.max(65_536, 256 * size), SAMPLE_STREAM, options);
  const [rows, dim] = sample.shape;
  let groups: Int32Array[] = [Int32Array.from({ length: rows }, (_, n) => n)];
  const levels: Level[] = [];
  for (let l = 0; l < depth; l++) {
    const parts: Float32Array[] = [];
    const first = [0];
    const next: Int32Array[] = [];
    for (const [g, members] of groups.entries()) {
      options.signal?.throwIfAborted();
      const part = new Float32Array(members.length * dim);
      for (const [i, n] of members.entries()) {
        part.set(sample.data.subarray(n * dim, (n + 1) * dim), i * dim);
      }
      const points: Matrix = { data: part, shape: [members.length, dim] };
      const centroids = await cluster(points, size, l * 1_000_003 + g, options);
      const { indices } = portableKernels().nearest(points, centroids);
      parts.push(centroids.data);
      first.push(first.at(-1)! + centroids.shape[0]);
      if (first.at(-1)! > MAX_NODES) {
        throw new ArgumentError(spec, {
          expected: `a tree of at most ${MAX_NODES} centroids`,
          got: "more",
          remedy: "Fit on fewer vectors (maxSamples), or use fewer levels.",
        });
      }
      for (const [, inner] of groupBy(indices, centroids.shape[0])) {
        next.push(Int32Array.from(inner, (i) => members[i]!));
      }
      options.onProgress?.({ stage: `level ${l + 1}/${depth}`, step: g + 1, steps: groups.length });
    }
    const data = new Float32Array(first.at(-1)! * dim);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    levels.push({
      centroids: { data, shape: [first.at(-1)!, dim] },
      first: Int32Array.from(first),
    });
    groups = next;
  }
  return new HierarchicalQuantizer(dim, size, levels);
}

/** Up to `size` centroids: each different vector where there are few, else k-means. */
async function cluster(points: Matrix, size: number, stream: number, options: FitOptions) {
  const distinct = distinctRows(points, size + 1);
  if (distinct.shape[0] <= size) return distinct;
  const { seed = 0, iterations, kernels, signal } = options;
  const { centroids } = await kmeans(points, {
    clusters: size,
    seed: seed + stream,
    ...(iterations !== undefined && { iterations }),
    ...(kernels !== undefined && { kernels }),
    ...(signal !== undefined && { signal }),
  });
  return centroids;
}

/** The first `limit` different rows, in their order. */
function distinctRows({ data, shape: [rows, dim] }: Matrix, limit: number): Matrix {
  const seen = new Set<string>();
  const kept: number[] = [];
  for (let n = 0; n < rows && kept.length < limit; n++) {
    const key = data.subarray(n * dim, (n + 1) * dim).join();
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(n);
  }
  const out = new Float32Array(kept.length * dim);
  for (const [i, n] of kept.entries()) out.set(data.subarray(n * dim, (n + 1) * dim), i * dim);
  return { data: out, shape: [kept.length, dim] };
}

/** Positions of each value 0 … count - 1, rising. */
function* groupBy(values: Int32Array, count: number): Generator<[number, Int32Array]> {
  const starts = new Int32Array(count + 1);
  for (const value of values) starts[value + 1]!++;
  for (let k = 0; k < count; k++) starts[k + 1]! += starts[k]!;
  const order = new Int32Array(values.length);
  const at = starts.slice();
  for (const [n, value] of values.entries()) order[at[value]!++] = n;
  for (let k = 0; k < count; k++) yield [k, order.subarray(starts[k]!, starts[k + 1]!)];
}

function parseSpec(spec: string): [number, number] {
  const match = /^hkmeans:(\d{1,2})x(\d{1,5})$/.exec(spec);
  const [depth, size] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || depth < 1 || depth > 16 || size < 2 || size > 65536) {
    throw new ArgumentError("quantizer spec", {
      expected: `${GRAMMAR}, 1 to 16 levels, K from 2 to 65,536`,
      got: spec,
      remedy: "Write for example hkmeans:3x256.",
    });
  }
  return [depth, size];
}

export const hierarchicalFamily: QuantizerFamily = {
  kind: KIND,
  grammar: GRAMMAR,
  matches: (spec) => spec.startsWith(`${KIND}:`),
  fit: fitHierarchical,
  fromState(state: QuantizerState): HierarchicalQuantizer {
    if (state.kind !== KIND || state.version > 1) {
      throw new MismatchError("quantizer state", {
        expected: `kind ${KIND}, version 1`,
        got: `${state.kind}, version ${state.version}`,
        remedy: "Load it by the family of its kind, or update @dtok/recsys.",
      });
    }
    const { dim, levels: depth, size } = state.config as Record<string, number>;
    parseSpec(`${KIND}:${depth}x${size}`);
    let parents = 1;
    const levels = Array.from({ length: depth! }, (_, l): Level => {
      const centroids = state.tensors[`level.${l}.centroids`];
      const first = state.tensors[`level.${l}.first`];
      const nodes = centroids?.shape[0] ?? -1;
      const starts = first?.data;
      const good =
        centroids?.data instanceof Float32Array &&
        starts instanceof Int32Array &&
        centroids.shape.length === 2 &&
        centroids.shape[1] === dim &&
        centroids.data.length === nodes * dim! &&
        centroids.data.every(Number.isFinite) &&
        starts.length === parents + 1 &&
        starts[0] === 0 &&
        starts[parents] === nodes &&
        starts.every((at, i) => i === 0 || (at > starts[i - 1]! && at - starts[i - 1]! <= size!));
      if (!good) {
        throw new FormatError("quantizer state", {
          expected: `centroids [nodes, ${dim}] and rising offsets of ${parents} nodes at level ${l}`,
          got: `centroids [${centroids?.shape.join(", ")}], offsets [${first?.shape.join(", ")}]`,
          remedy: FORMAT_REMEDY,
        });
      }
      parents = nodes;
      return {
        centroids: { data: centroids.data as Float32Array, shape: [nodes, dim!] },
        first: starts,
      };
    });
    return new HierarchicalQuantizer(dim!, size!, levels);
  },
};
