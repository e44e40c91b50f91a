/*
 * EARL. Chen, Zhang, Yao, Zhu, Gao, Pan, Chen: "Entity-Agnostic Representation Learning for
 * Parameter-Efficient Knowledge Graph Embedding", AAAI 2023, arXiv 2302.01849, section 4: a seeded share
 * of the entities is reserved (those alone have vectors); any entity is its connected relations with
 * their counts (ConRel), and its k most similar reserved entities (kNResEnt), by the cosine of the counts
 * of the 2 R relation kinds. The graph network over it (MulHop) takes `profiles`, `neighbour` and
 * `similarity` as they are.
 *
 * A token grid [N] of k reserved entities (M + 1 entries: each, and none), k similarities (L + 1: eighths
 * and the like of [0, 1], and none), d relations (2 R + 2: outgoing, incoming, unknown, none) and their d
 * counts (17: powers of two, and none).
 *
 * Where more entities are equally similar than there is room for, a seeded sample of them stands there,
 * drawn by the node's own name: otherwise all nodes with the same relations would share their codes. A few
 * edges more or less, which change who is equally similar, change few of those drawn.
 */
import { ArgumentError, createRandom } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { NONE } from "../anchors/nearest.js";
import { mixSeed, nameHash, relationProfiles } from "../anchors/relations.js";
import type { RelationProfiles } from "../anchors/relations.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { frequentKinds, nodeNumber, refuseEmpty, resolveEdges } from "./new-node.js";
import type { NewEdge, NewNodeOptions } from "./new-node.js";
import { NodeTokens } from "./node-tokens.js";
import { NodeVocabulary, relationTexts } from "./vocabulary.js";

export interface EarlOptions {
  /** Reserved entities in all. Default a tenth of the nodes, from 1 to 20,000. */
  readonly reserved?: number;
  /** The reserved entities by name, instead of drawing them. */
  readonly reservedNodes?: readonly string[];
  /** Reserved entities per node, k. Default 10, or all where there are fewer. */
  readonly perNode?: number;
  /** Relations per node, d. Default 12. */
  readonly relations?: number;
  /** Steps of similarity, L. Default 8. */
  readonly levels?: number;
  readonly seed?: number;
}

/** Counts up to 2^15 and more. */
const COUNTS = 16;
/** Steps of [0, 1] by which the most similar are found before they are sorted. */
const BINS = 4096;

/** Equal up to rounding is equal. */
const SCALE = 1e6;

/** The nodes of one graph by reserved entities and relations. */
export class Earl extends NodeTokens {
  readonly graph: KnowledgeGraph;
  /** Numbers of the reserved nodes, rising. */
  readonly reserved: Int32Array;
  readonly perNode: number;
  readonly relationsPerNode: number;
  readonly levels: number;
  readonly seed: number;
  /** Relations of every node with their counts. */
  readonly profiles: RelationProfiles;
  /** [N, k]: positions in `reserved`, most similar first; NONE beyond. A reserved node's first is itself. */
  readonly neighbour: Int32Array;
  /** [N, k]: cosines in (0, 1]; 0 beyond. */
  readonly similarity: Float32Array;
  readonly #search: (profile: Profile, hash: number, own: number) => Found;

  constructor(graph: KnowledgeGraph, options: EarlOptions = {}) {
    refuseEmpty(graph);
    const { length } = graph.nodes;
    const { seed = 0, relations = 12, levels = 8 } = options;
    whole("relations per node", relations, 0, 2 ** 20);
    whole("levels of similarity", levels, 1, 4096);
    const count = options.reserved ?? Math.max(1, Math.min(20_000, Math.round(length / 10)));
    const reserved = options.reservedNodes
      ? Int32Array.from(new Set(options.reservedNodes.map((name) => nodeNumber(graph, name))))
      : Int32Array.from(
          createRandom(seed, 4).sample(whole("reserved entities", count, 1, length), length),
        );
    reserved.sort();
    whole("reserved entities", reserved.length, 1, length);
    const k = options.perNode ?? Math.min(10, reserved.length);
    whole("reserved entities per node", k, 1, reserved.length);
    super(
      new NodeVocabulary([
        { kind: "reserved", names: Array.from(reserved, (n) => graph.nodes[n]!) },
        { kind: "similarity", names: levels },
        { kind: "relation", names: relationTexts(graph.relations) },
        { kind: "count", names: COUNTS },
      ]),
      [
        [k, { kind: "reserved" }],
        [k, { kind: "similarity" }],
        [relations, { kind: "relation", unknown: true }],
        [relations, { kind: "count" }],
      ],
      { reservedPerNode: k, relationsPerNode: relations },
    );
    this.graph = graph;
    this.reserved = reserved;
    this.perNode = k;
    this.relationsPerNode = relations;
    this.levels = levels;
    this.seed = seed;
    this.profiles = relationProfiles(graph);
    const { start, relation, count: edges } = this.profiles;
    const profileOf = (n: number): Profile => ({
      kinds: relation.subarray(start[n], start[n + 1]),
      counts: edges.subarray(start[n], start[n + 1]),
    });
    this.#search = searcher(Array.from(reserved, profileOf), 2 * graph.relations.length, k);
    this.neighbour = new Int32Array(length * k).fill(NONE);
    this.similarity = new Float32Array(length * k);
    const position = new Int32Array(length).fill(NONE);
    for (const [i, n] of reserved.entries()) position[n] = i;
    const mixed = mixSeed(seed);
    for (let n = 0; n < length; n++) {
      const found = this.#search(profileOf(n), nameHash(graph.nodes[n]!) ^ mixed, position[n]!);
      this.neighbour.set(found.who, n * k);
      this.similarity.set(found.similarity, n * k);
    }
  }

  /**
   * Codes of a node that the graph does not have, from its edges, without fitting anew. `name` draws
   * among equally similar reserved entities.
   *
   * @throws ArgumentError for unknown nodes and relations, unless these are tokens
   */
  encodeNew(
    edges: readonly NewEdge[],
    options: NewNodeOptions & { name?: string } = {},
  ): TokenGrid {
    const resolved = resolveEdges(this.graph, edges, options);
    const types = 2 * this.graph.relations.length;
    const known = frequentKinds(
      resolved.filter(({ kind }) => kind < types),
      Infinity,
    );
    const profile = {
      kinds: Int32Array.from(known, ({ kind }) => kind),
      counts: Int32Array.from(known, ({ count }) => count),
    };
    const hash = nameHash(options.name ?? "") ^ mixSeed(this.seed);
    const { who, similarity } = this.#search(profile, hash, NONE);
    const data = new Int32Array(this.columns.length);
    const kinds = frequentKinds(resolved, this.relationsPerNode);
    this.#write(who, similarity, kinds, data, 0);
    return this.grid(data, 1);
  }

  /** One line for people: `cat: dog~1.00 wolf~0.93 | isa>x2 <isax5`. */
  line(node: string): string {
    const n = nodeNumber(this.graph, node);
    const left = [];
    for (let j = n * this.perNode; j < (n + 1) * this.perNode; j++) {
      if (this.neighbour[j] === NONE) break;
      const name = this.graph.nodes[this.reserved[this.neighbour[j]!]!]!;
      left.push(`${name}~${this.similarity[j]!.toFixed(2)}`);
    }
    const texts = relationTexts(this.graph.relations);
    const { start, relation, count } = this.profiles;
    const right = [];
    for (let j = start[n]!; j < start[n + 1]!; j++) {
      right.push(`${texts[relation[j]!]!}x${count[j]!}`);
    }
    return `${node}: ${left.join(" ") || "no reserved entity"} | ${right.join(" ") || "no relation"}`;
  }

  protected writeNode(n: number, out: Int32Array, at: number): void {
    const { start, relation, count } = this.profiles;
    const kinds = Array.from(relation.subarray(start[n], start[n + 1]), (kind, j) => ({
      kind,
      count: count[start[n]! + j]!,
    }));
    if (kinds.length > this.relationsPerNode) {
      kinds.sort((x, y) => y.count - x.count || x.kind - y.kind);
      kinds.length = this.relationsPerNode;
      kinds.sort((x, y) => x.kind - y.kind);
    }
    const place = n * this.perNode;
    this.#write(
      this.neighbour.subarray(place, place + this.perNode),
      this.similarity.subarray(place, place + this.perNode),
      kinds,
      out,
      at,
    );
  }

  #write(
    who: Int32Array,
    similarity: Float32Array,
    kinds: readonly { readonly kind: number; readonly count: number }[],
    out: Int32Array,
    at: number,
  ): void {
    const { perNode: k, relationsPerNode: d, levels } = this;
    for (let q = 0; q < this.columns.length; q++) out[at + q] = this.codebookSizes[q]! - 1;
    for (let j = 0; j < k && who[j] !== NONE; j++) {
      out[at + j] = who[j]!;
      out[at + k + j] = Math.min(levels - 1, Math.floor(similarity[j]! * levels));
    }
    for (const [j, { kind, count }] of kinds.entries()) {
      out[at + 2 * k + j] = kind;
      out[at + 2 * k + d + j] = Math.min(COUNTS - 1, 31 - Math.clz32(count));
    }
  }
}

function whole(what: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new ArgumentError(what, {
    expected: `a whole number from ${least} to ${most}`,
    got: String(value),
    remedy: "Leave it out for the default.",
  });
}

interface Profile {
  readonly kinds: Int32Array;
  readonly counts: Int32Array;
}

interface Found {
  /** [k]: NONE beyond. */
  readonly who: Int32Array;
  readonly similarity: Float32Array;
}

/** A rank of equally similar reserved entities. */
interface Rank {
  readonly similarity: number;
  readonly members: Int32Array;
}

/**
 * Positions of `count` of the members of a list, rising: from places on a ring of `total` that `hash` draws, the
 * next member each that is not taken yet. With a member more or less the others drawn stay (consistent hashing:
 * Karger et al., STOC 1997).
 *
 * @param list rising numbers below `total`, at least `count`
 */
function drawn(list: Int32Array, count: number, total: number, hash: number): number[] {
  const random = createRandom(hash >>> 0, 5);
  const taken = new Set<number>();
  for (let j = 0; j < count; j++) {
    const place = random.integer(total);
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]! < place) low = middle + 1;
      else high = middle;
    }
    let at = low % list.length;
    while (taken.has(at)) at = (at + 1) % list.length;
    taken.add(at);
  }
  return [...taken].sort((a, b) => a - b);
}

/**
 * The k most similar of the reserved profiles, by lists of who has a relation kind. Equal profiles, of
 * reserved and of other entities, are compared once.
 */
function searcher(reserved: readonly Profile[], kinds: number, k: number) {
  const groups = new Map<string, number>();
  const members: number[][] = [];
  const shown: Profile[] = [];
  const keyOf = ({ kinds: r, counts }: Profile) => `${r.join()};${counts.join()}`;
  for (const [i, profile] of reserved.entries()) {
    if (profile.kinds.length === 0) continue;
    const key = keyOf(profile);
    let group = groups.get(key);
    if (group === undefined) {
      group = members.length;
      groups.set(key, group);
      members.push([]);
      shown.push(profile);
    }
    members[group]!.push(i);
  }
  const size = Int32Array.from(members, (list) => list.length);
  const norm = ({ counts }: Profile) => Math.sqrt(counts.reduce((sum, c) => sum + c * c, 0));
  // Who has a kind, and how much of its length that is.
  const start = new Int32Array(kinds + 1);
  for (const { kinds: list } of shown) for (const r of list) start[r + 1]!++;
  for (let r = 0; r < kinds; r++) start[r + 1] = start[r + 1]! + start[r]!;
  const at = start.slice();
  const who = new Int32Array(start[kinds]!);
  const weight = new Float64Array(who.length);
  for (const [g, profile] of shown.entries()) {
    const length = norm(profile);
    for (let i = 0; i < profile.kinds.length; i++) {
      const place = at[profile.kinds[i]!]!++;
      who[place] = g;
      weight[place] = profile.counts[i]! / length;
    }
  }
  const score = new Float64Array(members.length);
  const touched = new Int32Array(members.length);
  const bins = new Int32Array(BINS + 1);

  /** Ranks down to the one in which k are reached. */
  const ranksOf = (profile: Profile): Rank[] => {
    let seen = 0;
    const length = norm(profile);
    for (let i = 0; i < profile.kinds.length; i++) {
      const r = profile.kinds[i]!;
      const own = profile.counts[i]! / length;
      for (let p = start[r]!; p < start[r + 1]!; p++) {
        const g = who[p]!;
        if (score[g] === 0) touched[seen++] = g;
        score[g] = score[g]! + own * weight[p]!;
      }
    }
    bins.fill(0);
    for (let i = 0; i < seen; i++) {
      const g = touched[i]!;
      score[g] = Math.min(1, Math.round(score[g]! * SCALE) / SCALE);
      bins[Math.floor(score[g]! * BINS)]! += size[g]!;
    }
    let least = BINS;
    for (let sum = bins[least]!; sum < k && least > 0;) sum += bins[--least]!;
    const best = [];
    for (let i = 0; i < seen; i++) {
      const g = touched[i]!;
      if (Math.floor(score[g]! * BINS) >= least) best.push({ g, similarity: score[g]! });
      score[g] = 0;
    }
    best.sort((x, y) => y.similarity - x.similarity || x.g - y.g);
    const ranks: Rank[] = [];
    let held = 0;
    for (let i = 0; i < best.length && held < k;) {
      const { similarity } = best[i]!;
      const list: number[] = [];
      // Not by spreading: a rank may have more members than a call may have arguments.
      for (; i < best.length && best[i]!.similarity === similarity; i++) {
        for (const member of members[best[i]!.g]!) list.push(member);
      }
      held += list.length;
      // What rounds to nothing is nothing.
      if (similarity > 0) ranks.push({ similarity, members: Int32Array.from(list).sort() });
    }
    return ranks;
  };
  const known = new Map<string, Rank[]>();

  return (profile: Profile, hash: number, own: number): Found => {
    const found = { who: new Int32Array(k).fill(NONE), similarity: new Float32Array(k) };
    let held = 0;
    const add = (member: number, similarity: number) => {
      found.who[held] = member;
      found.similarity[held++] = similarity;
    };
    if (own !== NONE) add(own, 1);
    if (profile.kinds.length === 0) return found;
    const key = keyOf(profile);
    let ranks = known.get(key);
    if (ranks === undefined) {
      ranks = ranksOf(profile);
      // Frequent profiles are short; the rest need not be kept.
      if (known.size < 65_536) known.set(key, ranks);
    }
    for (const { similarity, members: list } of ranks) {
      const room = k - held;
      if (room === 0) break;
      if (list.length <= room) {
        for (const member of list) if (member !== own) add(member, similarity);
        continue;
      }
      // One more than there is room for, since one of them may be the node itself.
      const count = Math.min(list.length, room + 1);
      for (const pick of drawn(list, count, reserved.length, hash)) {
        if (held < k && list[pick] !== own) add(list[pick]!, similarity);
      }
    }
    return found;
  };
}
