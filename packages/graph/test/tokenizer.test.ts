import { checkCodec } from "@dtok/conformance";
import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import {
  debianFeatures,
  debianVq,
  loadGraphTokenizer,
  loadNodeEncoder,
  nodeFeatures,
  parseDebianPackages,
} from "@dtok/graph";
import type { GraphSignal } from "@dtok/graph";
import { describe, expect, it } from "vitest";
import { ARCHIVE } from "./archive.js";
import { graphOf } from "./random-graph.js";
import { someTokens } from "./tokens.js";

const archive = parseDebianPackages(ARCHIVE);
const signal: GraphSignal = { graph: archive.graph, features: debianFeatures(archive) };
const lonely = parseDebianPackages("Package: one\nSection: misc\nDescription: alone\n");
const signals = [signal, { graph: lonely.graph, features: debianFeatures(lonely) }];
const base = new URL("../models/debian-vq/", import.meta.url);
const runtimes = [
  ["onnxruntime-node", () => createRuntime()],
  ["onnxruntime-web", () => createWebRuntime()],
] as [string, () => Promise<ModelRuntime>][];

describe.each(runtimes)("debian-vq on %s", (_, open) => {
  it("passes the conformance checks", async () => {
    const runtime = await open();
    const readFile = createModelReader(base, debianVq.manifest);
    const codec = await debianVq.load({ runtime, readFile });
    const results = await checkCodec(codec, signals, {
      sameExtent: (a, b) =>
        a.graph.nodes.length === b.graph.nodes.length && a.graph.edges === b.graph.edges,
    });
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
    await runtime.close();
  });
});

describe("debian-vq", () => {
  it("gives the same codes in any order of the archive's stanzas", async () => {
    const codec = await loadGraphTokenizer();
    const turned = parseDebianPackages(ARCHIVE.trim().split("\n\n").toReversed().join("\n\n"));
    const [a, b] = [
      await codec.encode(signal),
      await codec.encode({ graph: turned.graph, features: debianFeatures(turned) }),
    ];
    expect([...b.codes.data]).toEqual([...a.codes.data]);
    await codec.close();
  });

  it("sees edges: without them a node's code may differ, and edges score above random pairs", async () => {
    const codec = await loadGraphTokenizer("graph/debian-vq");
    const grid = await codec.encode(signal);
    const scores = await codec.edgeScores(grid);
    const at = (name: string) => signal.graph.indexOf(name);
    // A library is depended upon; it does not depend on a server.
    expect(scores.logit(at("cat-server"), at("libc6"))).toBeGreaterThan(
      scores.logit(at("libc6"), at("cat-server")),
    );
    const latents = await codec.latents(signal);
    const bare = graphOf([], signal.graph.nodes);
    const without = await codec.latents({
      graph: { ...bare, relations: signal.graph.relations },
      features: signal.features,
    });
    const same = latents.data.every((value, i) => Math.abs(value - without.data[i]!) < 1e-6);
    expect(same).toBe(false);
    const width = latents.shape[1];
    for (let n = 0; n < latents.shape[0]; n++) {
      const norm = Math.hypot(...latents.data.subarray(n * width, (n + 1) * width));
      expect(norm).toBeCloseTo(1, 4);
    }
    await codec.close();
  });

  it("refuses bad input by typed errors", async () => {
    const codec = await loadGraphTokenizer();
    const { graph, features } = signal;
    const short = {
      data: features.data.slice(0, features.shape[1]),
      shape: [1, features.shape[1]] as const,
    };
    await expect(codec.encode({ graph, features: short })).rejects.toThrow(/one per node/);
    const nan = { data: features.data.slice().fill(NaN, 5, 6), shape: features.shape };
    await expect(codec.encode({ graph, features: nan })).rejects.toThrow(/finite/);
    expect(() => nodeFeatures(graph, ["one"])).toThrow(/one per node/);
    const grid = await codec.encode(signal);
    await expect(codec.decode({ ...grid, side: { edges: -1 } })).rejects.toThrow(/edges/);
    await codec.close();
    await expect(loadGraphTokenizer("nothing" as "debian-vq")).rejects.toThrow(/debian-vq/);
  });
});

describe.each(["wordnet-mlp", "wordnet-transformer"] as const)("%s", (name) => {
  it("gives the same vectors on both runtimes, and scores that agree with them", async () => {
    const found: Float32Array[] = [];
    for (const [, open] of runtimes) {
      const runtime = await open();
      const encoder = await loadNodeEncoder(name, { runtime });
      const vectors = await encoder.encode(someTokens(encoder, 50));
      expect(vectors.shape).toEqual([50, encoder.dim]);
      found.push(vectors.data);
      const own = vectors.data.slice(0, encoder.dim);
      const tails = await encoder.score(own, "hypernym", vectors);
      const other = vectors.data.slice(3 * encoder.dim, 4 * encoder.dim);
      const heads = await encoder.score(other, "hypernym", vectors, { toward: "heads" });
      expect(tails[3]! / heads[0]!).toBeCloseTo(1, 2);
      await encoder.close();
      await runtime.close();
    }
    for (const [i, value] of found[0]!.entries()) expect(found[1]![i]).toBeCloseTo(value, 2);
  });

  it("makes tokens of a graph that has its anchors, and predicts links", async () => {
    const encoder = await loadNodeEncoder(name);
    // Every anchor, each a hypernym of one more synset.
    const lines = encoder.anchors.map((anchor, i) => `new${i}.n.01\thypernym\t${anchor}`);
    const kinds = encoder.relations.map((relation, i) => `r${i}.n.01\t${relation}\tnew0.n.01`);
    const graph = graphOf([...lines, ...kinds]);
    const pieces = encoder.tokenizer(graph);
    expect(pieces.codebookSizes).toEqual(encoder.manifest.codebookSizes);
    const vectors = await encoder.encode(pieces.encode());
    const links = await encoder.predict(graph, vectors, "new1.n.01", "hypernym", { count: 5 });
    expect(links).toHaveLength(5);
    expect(links.every(({ score }, i) => i === 0 || score <= links[i - 1]!.score)).toBe(true);
    expect(links.map(({ node }) => node)).not.toContain(encoder.anchors[1]);
    await expect(encoder.predict(graph, vectors, "nobody", "hypernym")).rejects.toThrow(/node/);
    await expect(
      encoder.score(vectors.data.slice(0, encoder.dim), "likes", vectors),
    ).rejects.toThrow(/hypernym/);
    expect(() => encoder.tokenizer(graphOf(lines))).toThrow(/relations/);
    await encoder.close();
    await expect(encoder.encode(pieces.encode(["new1.n.01"]))).rejects.toThrow(/open/);
  });

  it("refuses tokens of other codebooks", async () => {
    const encoder = await loadNodeEncoder(name);
    const grid = someTokens(encoder, 1);
    const other = { ...grid, codebookSizes: grid.codebookSizes.map((size) => size + 1) };
    await expect(encoder.encode(other)).rejects.toThrow(/tokenizer\(graph\)/);
    await encoder.close();
  });
});
