import { ArgumentError, ShapeError } from "@dtok/core";
import { ints } from "./shared.js";

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
 * A directed graph of typed edges in typed arrays, shared with worker threads where the engine can.
 * Nodes and relations are numbered by name, edges are sorted and each is held once, so the same graph in
 * any order of edges is the same object. Names, 24 bytes per edge and 8 per node are all that it holds.
 */
export interface KnowledgeGraph {
  readonly nodes: readonly string[];
  readonly relations: readonly string[];
  readonly edges: number;
  /** Rows by head, sorted by relation, then tail. */
  readonly out: Adjacency;
  /** Rows by tail, sorted by head, then relation. */
  readonly in: Adjacency;
  /** Number of a node, or -1. */
  indexOf(node: string): number;
  /** Number of a relation, or -1. */
  relationIndexOf(relation: string): number;
}

/** Names in code unit order, their numbers, and where each old number went. */
function byName(names: readonly string[], what: string) {
  const sorted = [...names].sort();
  const numbers = new Map<string, number>();
  for (let i = 0; i < sorted.length; i++) numbers.set(sorted[i]!, i);
  if (numbers.size !== names.length) {
    throw new ArgumentError(`${what} of triples`, {
      expected: "each name once",
      got: "a name twice",
      remedy: "Number equal names equally.",
    });
  }
  const to = new Int32Array(names.length);
  for (let i = 0; i < names.length; i++) to[i] = numbers.get(names[i]!)!;
  return { sorted, numbers, to };
}

/** Starts of rows from the key of every item. */
function rowStarts(keys: Int32Array, to: Int32Array): Int32Array {
  const start = ints(to.length + 1);
  for (let e = 0; e < keys.length; e++) start[to[keys[e]!]! + 1]!++;
  for (let n = 0; n < to.length; n++) start[n + 1] = start[n + 1]! + start[n]!;
  return start;
}

/** Rows up to this length are sorted by insertion: calling the engine's sort costs more. */
const SHORT = 24;

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
    for (let e = 0; e < ids.length; e++) {
      const id = ids[e]!;
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
  const node = byName(triples.nodes, "nodes");
  const relation = byName(triples.relations, "relations");
  const count = node.sorted.length;
  const total = heads.length;

  // Rows by head, each then sorted by relation and tail in one number (below 2^53), equal ones once.
  const begin = rowStarts(heads, node.to);
  const keys = new Float64Array(total);
  {
    const at = begin.slice(0, count);
    for (let e = 0; e < total; e++) {
      keys[at[node.to[heads[e]!]!]!++] =
        relation.to[relationIds[e]!]! * count + node.to[tails[e]!]!;
    }
  }
  const start = ints(count + 1);
  let kept = 0;
  for (let n = 0; n < count; n++) {
    const [from, to] = [begin[n]!, begin[n + 1]!];
    if (to - from > SHORT) keys.subarray(from, to).sort();
    else {
      for (let i = from + 1; i < to; i++) {
        const key = keys[i]!;
        let j = i - 1;
        for (; j >= from && keys[j]! > key; j--) keys[j + 1] = keys[j]!;
        keys[j + 1] = key;
      }
    }
    let last = -1;
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      if (key !== last) keys[kept++] = key;
      last = key;
    }
    start[n + 1] = kept;
  }
  const out: Adjacency = { start, node: ints(kept), relation: ints(kept) };
  const into: Adjacency = { start: ints(count + 1), node: ints(kept), relation: ints(kept) };
  for (let e = 0; e < kept; e++) {
    const kind = Math.floor(keys[e]! / count);
    const tail = keys[e]! - kind * count;
    out.node[e] = tail;
    out.relation[e] = kind;
    into.start[tail + 1]!++;
  }
  for (let n = 0; n < count; n++) into.start[n + 1] = into.start[n + 1]! + into.start[n]!;
  const at = into.start.slice(0, count);
  for (let n = 0; n < count; n++) {
    for (let e = start[n]!; e < start[n + 1]!; e++) {
      const place = at[out.node[e]!]!++;
      into.node[place] = n;
      into.relation[place] = out.relation[e]!;
    }
  }
  return {
    nodes: node.sorted,
    relations: relation.sorted,
    edges: kept,
    out,
    in: into,
    indexOf: (name) => node.numbers.get(name) ?? -1,
    relationIndexOf: (name) => relation.numbers.get(name) ?? -1,
  };
}
