/** Debian's packages as nodes with features: what is trained on, what is held out, and batches. */
import { Random } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { buildGraph, debianFeatures, linksOf, withNeighbourMeans } from "@dtok/graph";
import type { KnowledgeGraph } from "@dtok/graph";
import type { NodeFeatureScale } from "@dtok/train/presets";
import { loadDebian } from "./data.js";

export interface VqData {
  /** All packages. */
  readonly graph: KnowledgeGraph;
  readonly features: Matrix;
  readonly sections: readonly string[];
  /** Nodes that training never sees, a tenth, by name. */
  readonly heldOut: Uint8Array;
}

/** FNV-1a. */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

export function loadVqData(): VqData {
  const { graph, packages } = loadDebian();
  return {
    graph,
    features: debianFeatures({ graph, packages }),
    sections: packages.map(({ section }) => section),
    heldOut: Uint8Array.from(graph.nodes, (name) => (hash(`held ${name}`) % 10 === 0 ? 1 : 0)),
  };
}

/** The graph without its held-out nodes, with features counted anew. */
export function trainingPart(data: VqData): { graph: KnowledgeGraph; features: Matrix } {
  const { heads, kinds, tails } = linksOf(data.graph);
  const kept = Array.from(data.graph.nodes.keys()).filter((n) => !data.heldOut[n]);
  const place = new Int32Array(data.graph.nodes.length).fill(-1);
  for (const [i, n] of kept.entries()) place[n] = i;
  const edges = Array.from(heads.keys()).filter(
    (e) => place[heads[e]!]! >= 0 && place[tails[e]!]! >= 0,
  );
  const graph = buildGraph({
    nodes: kept.map((n) => data.graph.nodes[n]!),
    relations: data.graph.relations,
    heads: Int32Array.from(edges, (e) => place[heads[e]!]!),
    relationIds: Int32Array.from(edges, (e) => kinds[e]!),
    tails: Int32Array.from(edges, (e) => place[tails[e]!]!),
  });
  const width = data.features.shape[1];
  const rows = new Float32Array(kept.length * width);
  for (const [i, n] of kept.entries()) {
    rows.set(data.features.data.subarray(n * width, (n + 1) * width), i * width);
  }
  return { graph, features: { data: rows, shape: [kept.length, width] } };
}

export function scaleOf({ data, shape: [rows, width] }: Matrix): NodeFeatureScale {
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let i = 0; i < data.length; i++) {
    sums[i % width]! += data[i]!;
    squares[i % width]! += data[i]! ** 2;
  }
  const mean = Float32Array.from(sums, (sum) => sum / rows);
  const deviation = Float32Array.from(squares, (square, d) =>
    // Features that hardly ever differ would otherwise outweigh all others.
    Math.max(0.05, Math.sqrt(Math.max(0, square / rows - mean[d]! ** 2))),
  );
  return { mean, deviation };
}

export function standardised(
  { data, shape }: Matrix,
  { mean, deviation }: NodeFeatureScale,
): Matrix {
  const width = shape[1];
  return {
    data: data.map((v, i) => (v - mean[i % width]!) / deviation[i % width]!),
    shape,
  };
}

/** Batches as a function of seed and step. */
export function neighbourhoodBatches(
  graph: KnowledgeGraph,
  features: Matrix,
  { batch, neighbours: s, seed }: { batch: number; neighbours: number; seed: number },
): (step: number) => Record<string, Tensor> {
  const links = linksOf(graph);
  const { data, shape } = withNeighbourMeans(graph, features);
  const width = shape[1];
  const rows = 3 * batch;
  const nodes = new Float32Array(rows * width);
  const near = new Float32Array(rows * 2 * s * width);
  const shares = new Float32Array(rows * 2 * s);
  return (step) => {
    const random = new Random(seed, step + 1);
    shares.fill(0);
    near.fill(0);
    const put = (row: number, n: number) => {
      nodes.set(data.subarray(n * width, (n + 1) * width), row * width);
      for (const [side, { start, node }] of [graph.out, graph.in].entries()) {
        const [from, count] = [start[n]!, start[n + 1]! - start[n]!];
        const taken = Math.min(s, count);
        for (let i = 0; i < taken; i++) {
          // All of them where they are few, else a sample with repetition.
          const other = node[from + (count <= s ? i : random.integer(count))]!;
          const slot = row * 2 * s + side * s + i;
          near.set(data.subarray(other * width, (other + 1) * width), slot * width);
          shares[slot] = 1 / taken;
        }
      }
    };
    for (let b = 0; b < batch; b++) {
      const e = random.integer(links.heads.length);
      put(b, links.heads[e]!);
      put(batch + b, links.tails[e]!);
      put(2 * batch + b, random.integer(graph.nodes.length));
    }
    return {
      nodes: { data: nodes, shape: [rows, width] },
      near: { data: near, shape: [rows, 2 * s, width] },
      shares: { data: shares, shape: [rows, 2 * s] },
    };
  };
}
