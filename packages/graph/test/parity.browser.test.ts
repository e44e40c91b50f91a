import {
  debianFeatures,
  loadGraphTokenizer,
  loadNodeEncoder,
  parseDebianPackages,
} from "@dtok/graph/web";
import { commands } from "vitest/browser";
import { expect, test } from "vitest";
import { ARCHIVE } from "./archive.js";
import { someTokens } from "./tokens.js";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test("a browser's codes and vectors are Node.js'", async () => {
  const reference = JSON.parse(
    await commands.runInNode("packages/graph/test/parity.reference.ts"),
  ) as {
    codes: number[];
    features: number[];
    edges: number;
    vectors: Record<"wordnet-mlp" | "wordnet-transformer", number[]>;
  };
  const archive = parseDebianPackages(ARCHIVE);
  const codec = await loadGraphTokenizer("debian-vq");
  const grid = await codec.encode({ graph: archive.graph, features: debianFeatures(archive) });
  expect([...grid.codes.data]).toEqual(reference.codes);
  const decoded = await codec.decode(grid);
  expect(decoded.graph.edges).toBe(reference.edges);
  expect(far(decoded.features.data, reference.features)).toBeLessThan(1e-3);
  await codec.close();
  for (const name of ["wordnet-mlp", "wordnet-transformer"] as const) {
    const encoder = await loadNodeEncoder(name);
    const { data } = await encoder.encode(someTokens(encoder, 20));
    expect(far(data, reference.vectors[name])).toBeLessThan(2e-3);
    await encoder.close();
  }
});
