import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { attempt } from "./attempt.js";
import {
  createRandom,
  loadQuantizer,
  quantizerFamilies,
  readQuantizerState,
  readTokenFile,
  saveQuantizer,
  writeSafetensors,
} from "../src/index.js";
import { fixtureGrids } from "./fixtures/make.js";

const folder = new URL("fixtures/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const names = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));

test.each(names)("%s loads and does what it did", (name) => {
  const expected = JSON.parse(
    readFileSync(new URL(name.replace(".safetensors", ".json"), folder), "utf8"),
  ) as { spec: string; latents: number[]; codes: number[]; decoded: number[] };
  const quantizer = loadQuantizer(bytesOf(name));
  expect(quantizer.spec).toBe(expected.spec);
  const data = Float32Array.from(expected.latents);
  const codes = quantizer.quantize({ data, shape: [data.length / quantizer.dim, quantizer.dim] });
  expect([...codes.data]).toEqual(expected.codes);
  expect([...quantizer.dequantize(codes).data]).toEqual(expected.decoded);
  // Saved again it is the same quantizer.
  const again = loadQuantizer(saveQuantizer(quantizer));
  expect(again.quantize({ data, shape: [data.length / again.dim, again.dim] })).toEqual(codes);
});

test.each(["integers", "bits", "radix"] as const)("tokens, packing %s", (packing) => {
  expect(readTokenFile(bytesOf(`tokens-${packing}-v1.tokens`))).toEqual({
    grids: fixtureGrids(),
    metadata: { source: "fixture" },
    packing,
  });
});

test("there is a file of every kind", () => {
  const kinds = new Set(names.map((name) => readQuantizerState(bytesOf(name)).kind));
  expect(quantizerFamilies.map((f) => f.kind).filter((kind) => !kinds.has(kind))).toEqual([]);
});

test.each(names)("%s, damaged: a typed error, or a quantizer that works", (name) => {
  const good = bytesOf(name);
  const random = createRandom(16);
  for (let round = 0; round < 60; round++) {
    const bytes = good.slice();
    // Mostly the header, where the structure is.
    for (let k = 0; k <= random.integer(3); k++) {
      bytes[random.integer(Math.min(bytes.length, 600))] = random.integer(128);
    }
    const outcome = attempt(() => {
      const quantizer = loadQuantizer(bytes);
      const data = new Float32Array(quantizer.dim).fill(0.5);
      return quantizer.quantize({ data, shape: [1, quantizer.dim] }).shape[0];
    });
    expect([1, "typed error"]).toContain(outcome);
  }
});

test("states that are refused", () => {
  const metadata = {
    "dtok.format": "dtok-quantizer-1",
    "dtok.kind": "fsq",
    "dtok.version": "1",
    "dtok.config": '{"levels":[8,5],"bound":"tanh"}',
  };
  const load = (change: Record<string, string>) => () =>
    loadQuantizer(writeSafetensors({}, { ...metadata, ...change }));
  expect(load({})().spec).toBe("fsq:8,5");
  expect(load({ "dtok.format": "dtok-quantizer-2" })).toThrow(/dtok-quantizer-1/);
  expect(() => loadQuantizer(writeSafetensors({}))).toThrow(/no quantizer/);
  expect(load({ "dtok.kind": "nope" })).toThrow(/"nope"/);
  expect(load({ "dtok.version": "2" })).toThrow(/newer/);
  expect(load({ "dtok.version": "x" })).toThrow(/integer/);
  expect(load({ "dtok.version": "" })).toThrow(/version/);
  expect(load({ "dtok.config": "{" })).toThrow(/JSON/);
  expect(load({ "dtok.config": "[]" })).toThrow(/object/);
  expect(load({ "dtok.config": "{}" })).toThrow(/bound/);
  expect(load({ "dtok.config": '{"levels":[8,1],"bound":"tanh"}' })).toThrow(/levels/);
  expect(load({ "dtok.config": '{"levels":[],"bound":"tanh"}' })).toThrow(/levels/);
  expect(load({ "dtok.config": '{"levels":"8","bound":"tanh"}' })).toThrow(/levels/);
  expect(load({ "dtok.config": '{"levels":[8],"bound":"constructor"}' })).toThrow(/bound/);
  const wide = JSON.stringify({
    levels: Array.from({ length: 60_000 }, () => 65536),
    bound: "clamped",
  });
  expect(load({ "dtok.config": wide })).toThrow(/sum of the FSQ levels/);
});
