import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { linksOf, parseDebianPackages } from "@dtok/graph";
import { isHeldOut } from "../../bench/src/tasks/graph-neighbourhoods.js";
import { choose, likeliest } from "./graph-example.js";

it("takes held-out nodes with all of their neighbours, by name", () => {
  const file = join(import.meta.dirname, "..", "..", "..", "samples", "packages.txt");
  const { graph } = parseDebianPackages(readFileSync(file, "utf8"));
  const { heads, tails } = linksOf(graph);
  const near = graph.nodes.map(() => new Set<number>());
  for (const [e, head] of heads.entries()) {
    near[head]!.add(tails[e]!);
    near[tails[e]!]!.add(head);
  }
  const { held, nodes } = choose(graph, near);
  expect(held.size).toBeGreaterThan(1);
  expect(nodes.length).toBeGreaterThan(20);
  expect(new Set(nodes).size).toBe(nodes.length);
  for (const n of held) {
    expect(isHeldOut(graph.nodes[n]!)).toBe(true);
    for (const other of near[n]!) expect(nodes).toContain(other);
  }
});

it("ranks pairs by the likelier of their two directions", () => {
  const table = [
    [9, 1, 0],
    [2, 9, 5],
    [3, 4, 9],
  ];
  const scores = { logit: (a: number, b: number) => table[a]![b]! } as never;
  // 1-2: 5 or 4; 0-2: 0 or 3; 0-1: 1 or 2.
  expect(likeliest(scores, [0, 1, 2], 2)).toEqual([
    [1, 2],
    [0, 2],
  ]);
});
