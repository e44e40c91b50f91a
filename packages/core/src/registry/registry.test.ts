import { describe, expect, expectTypeOf, test } from "vitest";
import type { AudioSignal, ImageSignal } from "../spec/signals.js";
import type { Codec, Manifest, TokenizerPlugin } from "../spec/tokenizer.js";
import { createRegistry } from "./registry.js";

function manifest<const Id extends string, const M extends "image" | "audio">(id: Id, modality: M) {
  return {
    format: "dtok-manifest-1",
    id,
    modality,
    version: "1.0.0",
    description: "",
    quantizer: "lfq:8",
    codebookSizes: [256],
    stride: [1],
    files: {},
    settings: {},
    licences: { code: "MIT", weights: "MIT", data: "none" },
  } satisfies Manifest;
}

const grid = { codes: { data: new Int32Array(0), shape: [0, 1] as const }, shape: [0] };
const emptyGrid = { ...grid, codebookSizes: [256], side: {} };

/** A plugin that counts what is done with it. */
function plugin<const Id extends string, const M extends "image" | "audio">(id: Id, modality: M) {
  const counts = { loads: 0, closes: 0 };
  const made = {
    manifest: manifest(id, modality),
    load: async () => {
      counts.loads++;
      return {
        manifest: made.manifest,
        encode: async () => emptyGrid,
        decode: async () => ({}) as never,
        close: async () => {
          counts.closes++;
        },
      };
    },
  } as unknown as TokenizerPlugin<Id, M>;
  return { made, counts };
}

const context = () => ({ runtime: {} as never, readFile: async () => new Uint8Array(0) });

describe("types", () => {
  const registry = createRegistry(
    [plugin("image/a", "image").made, plugin("audio/b", "audio").made],
    { context },
  );
  test("an id tells its signal type", async () => {
    expectTypeOf(await registry.load("image/a")).toEqualTypeOf<Codec<ImageSignal>>();
    expectTypeOf(await registry.load("audio/b")).toEqualTypeOf<Codec<AudioSignal>>();
    expectTypeOf(registry.load).parameter(0).toEqualTypeOf<"image/a" | "audio/b">();
    // @ts-expect-error an id that is not registered
    await expect(registry.load("image/c")).rejects.toThrow(/image\/a/);
    // @ts-expect-error a sound for a picture tokenizer
    await (await registry.load("image/a")).encode({ samples: [], sampleRate: 1 });
  });
  test("a string becomes an id by asking", () => {
    const id: string = "image/a";
    expect(registry.has(id)).toBe(true);
    expect(registry.has("constructor")).toBe(false);
    if (registry.has(id)) expectTypeOf(id).toEqualTypeOf<"image/a" | "audio/b">();
  });
});

test("lists manifests without loading anything", () => {
  const a = plugin("image/a", "image");
  const registry = createRegistry([a.made], { context });
  expect(registry.list().map((m) => m.id)).toEqual(["image/a"]);
  expect(a.counts.loads).toBe(0);
});

test("a codec is loaded once, also by two calls at a time, and closed", async () => {
  const a = plugin("image/a", "image");
  const b = plugin("audio/b", "audio");
  const registry = createRegistry([a.made, b.made], { context });
  const [first, second] = await Promise.all([registry.load("image/a"), registry.load("image/a")]);
  expect(first).toBe(second);
  await registry.load("audio/b");
  await registry.close();
  expect([a.counts, b.counts]).toEqual([
    { loads: 1, closes: 1 },
    { loads: 1, closes: 1 },
  ]);
  await expect(registry.load("image/a")).rejects.toThrow(/closed/);
});

test("a codec that its user closed is loaded anew and not closed twice", async () => {
  const a = plugin("image/a", "image");
  const registry = createRegistry([a.made], { context });
  const first = await registry.load("image/a");
  await first.close();
  expect(await registry.load("image/a")).not.toBe(first);
  await registry.close();
  expect(a.counts).toEqual({ loads: 2, closes: 2 });
});

test("plugins that fail are reported by name, and may be tried again", async () => {
  const a = plugin("image/a", "image");
  let broken = true;
  const flaky = {
    ...a.made,
    load: async (c: never) => {
      if (broken) throw new TypeError("no such operator");
      return a.made.load(c);
    },
  };
  const registry = createRegistry([flaky as typeof a.made], { context });
  await expect(registry.load("image/a")).rejects.toThrow(
    expect.objectContaining({
      code: "plugin",
      tokenizer: "image/a",
      message: expect.stringMatching(/tokenizer image\/a.*TypeError: no such operator/),
    }),
  );
  broken = false;
  await expect(registry.load("image/a")).resolves.toBeDefined();

  for (const [result, message] of [
    [undefined, /not a codec/],
    [{}, /not a codec/],
    [{ ...(await a.made.load({} as never)), manifest: { id: "image/z" } }, /image\/z/],
  ] as const) {
    const bad = { ...a.made, load: async () => result } as unknown as typeof a.made;
    await expect(createRegistry([bad], { context }).load("image/a")).rejects.toThrow(message);
  }
});

test("one codec that cannot be closed does not keep the others open", async () => {
  const a = plugin("image/a", "image");
  const b = plugin("audio/b", "audio");
  const registry = createRegistry([a.made, b.made], { context });
  const codec = await registry.load("image/a");
  codec.close = () => Promise.reject(new Error("stuck"));
  await registry.load("audio/b");
  await expect(registry.close()).rejects.toThrow(/image\/a.*stuck/);
  expect(b.counts.closes).toBe(1);
});

test("plugins that are refused", () => {
  const a = plugin("image/a", "image").made;
  const make = (change: object) => () =>
    createRegistry([{ ...a, manifest: { ...a.manifest, ...change } }], { context });
  expect(() => createRegistry([a, a], { context })).toThrow(/image\/a twice/);
  expect(make({ id: "image" })).toThrow(/<modality>\/<name>/);
  expect(make({ id: "audio/a" })).toThrow(/plugin 0 \(audio\/a\)/);
  expect(make({ id: "image/../a" })).toThrow(/plugin 0/);
  expect(make({ format: "dtok-manifest-2" })).toThrow(/dtok-manifest-1/);
  expect(() => createRegistry([null as never], { context })).toThrow(/plugin 0/);
});

test("a registry without a context, or with one that gives nothing, says what is missing", async () => {
  const a = plugin("image/a", "image").made;
  const make = createRegistry as unknown as (plugins: unknown[], options?: object) => never;
  for (const [options, got] of [
    [undefined, "no options"],
    [{}, "context: undefined"],
    [{ context: { runtime: 1 } }, "context: { runtime }"],
  ] as const) {
    expect(() => make([a], options)).toThrow(
      expect.objectContaining({
        code: "argument",
        got,
        message: expect.stringMatching(/^registry of image\/a: expected .*readFile.* Write create/),
      }),
    );
  }
  for (const given of [undefined, {}, { runtime: {} }]) {
    const registry = createRegistry([a], { context: () => given as never });
    await expect(registry.load("image/a")).rejects.toThrow(
      expect.objectContaining({
        code: "plugin",
        tokenizer: "image/a",
        cause: expect.objectContaining({ code: "argument", expected: "{ runtime, readFile }" }),
      }),
    );
  }
});
