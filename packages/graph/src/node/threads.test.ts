import { expect, test } from "vitest";
import { graphOf, randomLines } from "../../test/random-graph.js";
import { pageRank, pageRankPlan } from "../anchors/pagerank.js";
import { buildGraph } from "../csr/graph.js";
import type { KnowledgeGraph } from "../csr/graph.js";
import { step } from "../csr/plan.js";
import { ints } from "../csr/shared.js";
import { NodePiece } from "../tokens/node-piece.js";
import { NtLlm } from "../tokens/nt-llm.js";
import { createGraphThreads } from "./threads.js";

const graph = graphOf(randomLines(1, 9_000, 15_000, 30));

test("any number of threads gives the tokens of one", { timeout: 120_000 }, async () => {
  const options = {
    anchors: 300,
    perNode: 6,
    mix: { degree: 0.3, ppr: 0.3, betweenness: 0.2, cover: 0.1, random: 0.1 },
    identity: { codebooks: 2, size: 32 },
    neighbours: 4,
  };
  const plain = new NodePiece(graph, options).encode().codes.data;
  const rank = pageRank(graph);
  for (const count of [2, 3]) {
    const threads = createGraphThreads({ threads: count });
    const seen = new Map<string, number>();
    const onProgress = (label: string, done: number, rows: number) => {
      expect(done).toBeLessThanOrEqual(rows);
      seen.set(label, done / rows);
    };
    const pieces = await threads.run(NodePiece.plan(graph, options), { onProgress });
    expect(Buffer.compare(bytesOf(pieces.encode().codes.data), bytesOf(plain))).toBe(0);
    expect([...seen]).toEqual(
      ["PageRank", "betweenness", "nearest anchors", "relations", "neighbours"].map((label) => [
        label,
        1,
      ]),
    );
    const both = await Promise.all([
      threads.run(pageRankPlan(graph)),
      threads.run(NtLlm.plan(graph, { anchors: 3 })),
    ]);
    expect(Buffer.compare(bytesOf(both[0]), bytesOf(rank))).toBe(0);
    expect(bytesOf(both[1].distances)).toEqual(bytesOf(new NtLlm(graph, { anchors: 3 }).distances));
    await threads.close();
    await expect(threads.run(pageRankPlan(graph))).rejects.toThrow(/closed/);
  }
});

test("arrays are shared, not copied: a thread's writes are seen here", async () => {
  expect(graph.out.node.buffer).toBeInstanceOf(SharedArrayBuffer);
  const threads = createGraphThreads({ threads: 2 });
  const seen = ints(20_000);
  await threads.run(
    (function* () {
      yield step(
        "mark",
        (job: { seen: Int32Array }, from, to) => job.seen.fill(7, from, to),
        { seen },
        20_000,
      );
    })(),
  );
  expect(seen.every((value) => value === 7)).toBe(true);
  // Arrays that are not shared are worked on here, with the same result.
  const own = new Int32Array(20_000);
  await threads.run(
    (function* () {
      yield step(
        "mark",
        (job: { own: Int32Array }, from, to) => job.own.fill(8, from, to),
        { own },
        20_000,
      );
    })(),
  );
  expect(own.every((value) => value === 8)).toBe(true);
  await threads.close();
});

test("a thread that fails, and work that is given up", async () => {
  const threads = createGraphThreads({ threads: 2 });
  const failing = (function* () {
    yield step(
      "fail",
      () => {
        throw new Error("no luck");
      },
      {},
      100_000,
    );
  })();
  await expect(threads.run(failing)).rejects.toThrow(/no luck/);
  const controller = new AbortController();
  const endless = (function* () {
    yield step(
      "wait",
      () => {
        for (;;);
      },
      {},
      100_000,
    );
  })();
  setTimeout(() => controller.abort(new Error("enough")), 100);
  await expect(threads.run(endless, { signal: controller.signal })).rejects.toThrow("enough");
  // New threads take the next plan.
  expect((await threads.run(pageRankPlan(graph))).length).toBe(graph.nodes.length);
  await threads.close();
  expect(() => createGraphThreads({ threads: 0 })).toThrow(/threads/);
});

test("plain arrays of a caller's own graph", async () => {
  const small: KnowledgeGraph = buildGraph({
    nodes: ["a", "b"],
    relations: ["r"],
    heads: Int32Array.of(0),
    relationIds: Int32Array.of(0),
    tails: Int32Array.of(1),
  });
  const threads = createGraphThreads();
  expect((await threads.run(NodePiece.plan(small, { anchors: 1 }))).line("a")).toBe("a: a@0 | r>");
  await threads.close();
});

function bytesOf(data: ArrayBufferView): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
