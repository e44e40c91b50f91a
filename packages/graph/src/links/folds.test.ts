import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { NodePiece } from "../tokens/node-piece.js";
import { foldLinks } from "./folds.js";
import { graphOfLinks, linksOf, splitLinks, takeLinks } from "./split.js";
import type { LinkSplit, Links } from "./split.js";

const random = (seed: number) =>
  splitLinks(graphOf(randomLines(seed, 40, 400, 4)), { share: 0.1, seed });
const triples = ({ heads, kinds, tails }: Links) =>
  Array.from(heads, (h, e) => `${h} ${kinds[e]} ${tails[e]}`);
const pairs = ({ heads, tails }: Links) =>
  Array.from(heads, (h, e) => [h, tails[e]!].sort((a, b) => a - b).join(" "));

describe("foldLinks", () => {
  it("puts every training edge in one fold, whose graph has all the others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 2, max: 7 }),
        (seed, folds) => {
          const split = random(seed);
          const parts = foldLinks(split, { folds, seed });
          expect(parts).toHaveLength(folds);
          const all = triples(split.train);
          const seen = parts.flatMap(({ edges }) => [...edges]);
          expect(seen.toSorted((a, b) => a - b)).toEqual([...all.keys()]);
          for (const { edges, graph } of parts) {
            const own = new Set(Array.from(edges, (e) => all[e]!));
            const left = triples(linksOf(graph));
            expect(left.some((edge) => own.has(edge))).toBe(false);
            expect(left.length + own.size).toBe(all.length);
            expect(graph.nodes).toEqual(split.graph.nodes);
            expect(graph.relations).toEqual(split.graph.relations);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("keeps pairs together where the split does, and tears them apart where it does", () => {
    const split = random(5);
    for (const { edges, graph } of foldLinks(split, { folds: 4, seed: 1 })) {
      const left = new Set(pairs(linksOf(graph)));
      expect(pairs(takeLinks(split.train, edges)).some((pair) => left.has(pair))).toBe(false);
    }
    // Held out: an edge whose inverse stays.
    const lines = Array.from({ length: 40 }, (_, n) => [`${n}`, "r", `${(n + 1) % 40}`] as const);
    const whole = graphOf(
      [...lines, ...lines.map(([h, r, t]) => [t, r, h] as const)].map((l) => l.join("\t")),
    );
    const all = linksOf(whole);
    const rest = Array.from(all.heads.keys()).slice(2);
    const train = takeLinks(all, rest);
    const torn: LinkSplit = {
      graph: graphOfLinks(whole, train),
      train,
      valid: takeLinks(all, [0]),
      test: takeLinks(all, [1]),
    };
    const shown = foldLinks(torn, { folds: 4, seed: 1 }).flatMap(({ edges, graph }) => {
      const left = new Set(pairs(linksOf(graph)));
      return pairs(takeLinks(train, edges)).filter((pair) => left.has(pair));
    });
    expect(shown.length).toBeGreaterThan(train.heads.length / 2);
  });

  it("gives tokens that do not depend on the fold's edges", () => {
    const split = random(9);
    const options = {
      anchorNodes: split.graph.nodes.slice(0, 8),
      perNode: 4,
      relations: 4,
      neighbours: 4,
    };
    const identity = { codebooks: 2, size: 8, seed: 1 };
    const tokens = (graph: LinkSplit["graph"]) =>
      new NodePiece(graph, { ...options, identity }).encode().codes.data;
    const own = foldLinks(split, { folds: 4, seed: 2 })[1]!;
    // The same edges moved anywhere else, in a fold of the same numbers.
    const moved = {
      ...split.train,
      heads: split.train.heads.slice(),
      tails: split.train.tails.slice(),
    };
    for (const e of own.edges)
      [moved.heads[e], moved.tails[e]] = [moved.tails[e]!, moved.heads[e]!];
    const other = foldLinks({ ...split, train: moved }, { folds: 4, seed: 2 })[1]!;
    expect(other.edges).toEqual(own.edges);
    expect(tokens(other.graph)).toEqual(tokens(own.graph));
    expect(tokens(own.graph)).not.toEqual(tokens(split.graph));
  });

  it("is the same for the same seed; fewer than two folds are an error", () => {
    const split = random(3);
    const of = (seed: number) =>
      foldLinks(split, { folds: 3, seed }).map(({ edges }) => [...edges]);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(() => foldLinks(split, { folds: 1 })).toThrow(/from 2/);
  });
});
