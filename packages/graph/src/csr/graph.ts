import { ArgumentError, ShapeError } from "@dtok/core";

/** Edges by number: heads[e] -relations[e]-> tails[e]. */
export interface Triples {
  readonly nodes: readonly string[];
  readonly relations: readonly string[];
  readonly heads: Int32Array;
  readonly relationIds: Int32Array;
  readonly tails: Int32Array;
}

/** Half of the edges of every node, as compressed sparse rows. */
export interface Adjacency {
  /** [N + 1]: the edges of node n are start[n] to start[n + 1] (exclusive). */
  readonly start: Int32Array;
  /** [E]: the node at the other end. */
  readonly node: Int32Array;
  /** [E]. */
  readonly relation: Int32Array;
}

/**
 * A directed graph of typed edges in typed arrays. Nodes and relations are numbered by name, edges are
 * sorted and each is held once, so the same graph in any order of edges is the same object.
 */
export interface KnowledgeGraph {
  readonly nodes: readonly string[];
  readonly relations: readonly string[];
  readonly edges: number;
  readonly out: Adjacency;
  readonly in: Adjacency;
  /** Number of a node, or -1. */
  indexOf(node: string): number;
}

/** Names in code unit order, and where each old number went. */
function byName(names: readonly string[]): { sorted: string[]; to: Int32Array } {
  const order = Array.from(names, (_, i) => i).sort((a, b) =>
    names[a]! < names[b]! ? -1 : names[a]! > names[b]! ? 1 : 0,
  );
  const to = new Int32Array(names.length);
  order.forEach((old, i) => (to[old] = i));
  return { sorted: order.map((old) => names[old]!), to };
}

/** Order of `count` items by `key` in [0, keys), stable. */
function countingOrder(order: Int32Array, key: Int32Array, keys: number): Int32Array {
  const start = new Int32Array(keys + 1);
  for (const e of order) start[key[e]! + 1]!++;
  for (let k = 0; k < keys; k++) start[k + 1] = start[k + 1]! + start[k]!;
  const out = new Int32Array(order.length);
  for (const e of order) out[start[key[e]!]!++] = e;
  return out;
}

function adjacency(
  nodes: number,
  from: Int32Array,
  to: Int32Array,
  relation: Int32Array,
): Adjacency {
  const start = new Int32Array(nodes + 1);
  for (const n of from) start[n + 1]!++;
  for (let n = 0; n < nodes; n++) start[n + 1] = start[n + 1]! + start[n]!;
  const at = start.slice(0, nodes);
  const node = new Int32Array(from.length);
  const kind = new Int32Array(from.length);
  for (let e = 0; e < from.length; e++) {
    const place = at[from[e]!]!++;
    node[place] = to[e]!;
    kind[place] = relation[e]!;
  }
  return { start, node, relation: kind };
}

/**
 * Triples as a graph. Memory and time grow with the number of edges.
 *
 * @throws ShapeError for arrays of different lengths, ArgumentError for numbers without a name
 */
export function buildGraph(triples: Triples): KnowledgeGraph {
  const { heads, relationIds, tails } = triples;
  if (heads.length !== tails.length || heads.length !== relationIds.length) {
    throw new ShapeError("triples", {
      expected: "as many heads as relations and tails",
      got: `${heads.length}, ${relationIds.length}, ${tails.length}`,
      remedy: "Give one of each for every edge.",
    });
  }
  const check = (ids: Int32Array, names: readonly string[], what: string) => {
    if (new Set(names).size !== names.length) {
      throw new ArgumentError(`${what} of triples`, {
        expected: "each name once",
        got: "a name twice",
        remedy: "Number equal names equally.",
      });
    }
    for (const id of ids) {
      if (id >= 0 && id < names.length) continue;
      throw new ArgumentError(`${what} of triples`, {
        expected: `numbers from 0 to ${names.length - 1}`,
        got: String(id),
        remedy: "Number names in the order of the list.",
      });
    }
  };
  check(heads, triples.nodes, "heads");
  check(tails, triples.nodes, "tails");
  check(relationIds, triples.relations, "relations");
  const node = byName(triples.nodes);
  const relation = byName(triples.relations);
  const h = heads.map((id) => node.to[id]!);
  const r = relationIds.map((id) => relation.to[id]!);
  const t = tails.map((id) => node.to[id]!);
  // Least significant key first: tail, relation, head.
  let order = Int32Array.from({ length: h.length }, (_, e) => e);
  order = countingOrder(order, t, node.sorted.length) as typeof order;
  order = countingOrder(order, r, relation.sorted.length) as typeof order;
  order = countingOrder(order, h, node.sorted.length) as typeof order;
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const e = order[i]!;
    const last = kept > 0 ? order[kept - 1]! : -1;
    if (last >= 0 && h[e] === h[last] && r[e] === r[last] && t[e] === t[last]) continue;
    order[kept++] = e;
  }
  order = order.subarray(0, kept) as typeof order;
  const [from, kind, to] = [h, r, t].map((ids) => order.map((e) => ids[e]!)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const numbers = new Map(node.sorted.map((name, i) => [name, i]));
  return {
    nodes: node.sorted,
    relations: relation.sorted,
    edges: kept,
    out: adjacency(node.sorted.length, from, to, kind),
    in: adjacency(node.sorted.length, to, from, kind),
    indexOf: (name) => numbers.get(name) ?? -1,
  };
}
