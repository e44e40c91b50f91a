import { checkCodec } from "@dtok/conformance";
import { createRandom } from "@dtok/core";
import type { ModelRuntime } from "@dtok/core";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { filmVectors, loadRecsysTokenizer, movielensSmall } from "@dtok/recsys";
import type { ItemCodec } from "@dtok/recsys";
import { describe, expect, it } from "vitest";

const films = [
  { title: "Toy Story", year: "1995", genres: "Adventure Animation Children Comedy Fantasy" },
  { title: "Toy Story 2", year: "1999", genres: "Adventure Animation Children Comedy Fantasy" },
  { title: "Shining, The", year: "1980", genres: "Horror" },
  { title: "Exorcist, The", year: "1973", genres: "Horror Mystery" },
];
const signals = [
  { vectors: filmVectors(films) },
  { vectors: filmVectors(films.slice(1, 2)), ids: ["one"] },
];
const base = new URL("../models/movielens-small/", import.meta.url);

describe.each([
  ["onnxruntime-node", () => createRuntime()],
  ["onnxruntime-web", () => createWebRuntime()],
] as [string, () => Promise<ModelRuntime>][])("movielens-small on %s", (_, open) => {
  it("passes the conformance checks", async () => {
    const runtime = await open();
    const readFile = createModelReader(base, movielensSmall.manifest);
    const codec = await movielensSmall.load({ runtime, readFile });
    const results = await checkCodec(codec, signals, {
      sameExtent: (a, b) => a.vectors.shape.join() === b.vectors.shape.join(),
    });
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
    await runtime.close();
  });
});

describe("movielens-small", () => {
  it("gives the same codes on both runtimes, but for ties", async () => {
    const [native, web] = [await createRuntime(), await createWebRuntime()];
    const a = await loadRecsysTokenizer("movielens-small", { runtime: native });
    const b = await loadRecsysTokenizer("movielens-small", { runtime: web });
    const random = createRandom(2);
    const titles = Array.from({ length: 200 }, (_, i) => ({
      title: `Film ${random.integer(1e6)}`,
      year: String(1950 + (i % 60)),
      genres: ["Drama", "Comedy Romance", "Horror", "Action Thriller"][i % 4]!,
    }));
    const vectors = filmVectors(titles);
    const [x, y] = [await a.codec.encode({ vectors }), await b.codec.encode({ vectors })];
    const same = x.codes.data.filter((code, i) => code === y.codes.data[i]).length;
    expect(same / x.codes.data.length).toBeGreaterThan(0.99);
    await Promise.all([a.close(), b.close()]);
    await Promise.all([native.close(), web.close()]);
  });

  it("gives alike films alike IDs, and every film its own", async () => {
    const { codec, catalogue, close } = await loadRecsysTokenizer();
    const { codes } = await codec.encode({ vectors: filmVectors(films) });
    const row = (n: number) => [...codes.data.subarray(n * 3, n * 3 + 3)];
    expect(row(0)[0]).toBe(row(1)[0]);
    expect(row(0)[0]).not.toBe(row(2)[0]);
    expect(catalogue.size).toBe(9066);
    const trie = catalogue.trie();
    expect(trie.count).toBe(9066);
    // movieId 1 is Toy Story; 3114 is Toy Story 2.
    const [one, two] = [catalogue.codesOf("1"), catalogue.codesOf("3114")];
    expect(catalogue.itemOf(catalogue.idOf("1"))).toBe("1");
    expect(one[0]).toBe(two[0]);
    expect([...trie.allowed(one.subarray(0, 1))]).toContain(one[1]);
    const before = catalogue.idOf("1");
    const latents = await codec.latents(filmVectors(films.slice(3)));
    await catalogue.add(["a film of mine"], latents);
    expect(catalogue.idOf("a film of mine")).toMatch(/^<a_\d+><b_\d+><c_\d+><d_\d+>$/);
    expect(catalogue.idOf("1")).toBe(before);
    await close();
  });

  it("rebuilds vectors better than the mean of all does", async () => {
    const { codec, close } = await loadRecsysTokenizer();
    const vectors = filmVectors(films);
    const back = (await codec.decode(await codec.encode({ vectors }))).vectors;
    const mean = (
      await codec.decode(
        await codec.encode({ vectors: filmVectors([{ title: "", year: "", genres: "" }]) }),
      )
    ).vectors;
    let [error, other] = [0, 0];
    for (const [i, v] of vectors.data.entries()) {
      error += (v - back.data[i]!) ** 2;
      other += (v - mean.data[i % mean.data.length]!) ** 2;
    }
    expect(error).toBeLessThan(other * 0.7);
    await close();
  });

  it("refuses bad input by typed errors", async () => {
    const { codec, close } = await loadRecsysTokenizer();
    const vectors = filmVectors(films.slice(0, 1));
    await expect(codec.encode({ vectors, ids: ["a", "b"] })).rejects.toThrow(/1 ids/);
    const nan = { data: vectors.data.slice().fill(NaN, 5, 6), shape: vectors.shape };
    await expect(codec.encode({ vectors: nan })).rejects.toThrow(/finite/);
    const short = { data: new Float32Array(5), shape: [1, 5] as const };
    await expect(codec.encode({ vectors: short })).rejects.toThrow(/D = 832/);
    await close();
    await expect(loadRecsysTokenizer("nothing" as "movielens-small")).rejects.toThrow(/movielens/);
    const readFile = async () => new Uint8Array(10);
    const runtime = await createRuntime();
    await expect(movielensSmall.load({ runtime, readFile })).rejects.toThrow();
    await runtime.close();
    expect((codec as ItemCodec).dim).toBe(832);
  });
});
