import { describe, expect, test } from "vitest";
import {
  createQuantizer,
  familyOf,
  fitQuantizer,
  quantizerFamilies,
  quantizerFromState,
} from "./spec.js";
import { fsqFamily } from "./fsq.js";

test("a spec finds exactly one family", () => {
  for (const spec of [
    "fsq:8,5",
    "fsq-clamped:8,5",
    "fsq-atanh:8,5",
    "lfq:18",
    "bsq:36",
    "rpq:64",
  ]) {
    expect(quantizerFamilies.filter((family) => family.matches(spec))).toHaveLength(1);
    expect(createQuantizer(spec, { dim: 8 }).spec).toBe(spec);
    expect(createQuantizer(spec, { dim: 8 }).kind).toBe(familyOf(spec).kind);
  }
});

test("kinds are unique", () => {
  const kinds = quantizerFamilies.map((family) => family.kind);
  expect(new Set(kinds).size).toBe(kinds.length);
});

describe("errors", () => {
  test("unknown specs", () => {
    for (const spec of ["", "fsq", "nope:3", "FSQ:8", " fsq:8", "__proto__:1"]) {
      expect(() => createQuantizer(spec)).toThrow(/fsq:<L1>/);
    }
    expect(() => createQuantizer(undefined as never)).toThrow(/undefined/);
    expect(() => createQuantizer("lfq:8", { families: [fsqFamily] })).toThrow(/"lfq:8"/);
  });
  test("fitting what has nothing to learn", async () => {
    const vectors = { data: new Float32Array(2), shape: [1, 2] as const };
    await expect(fitQuantizer("fsq:8,5", vectors)).rejects.toThrow(/nothing to learn/);
  });
  test("creating what must be fitted", () => {
    const { create: _, ...fitted } = fsqFamily;
    expect(() => createQuantizer("fsq:8", { families: [fitted] })).toThrow(/fitQuantizer/);
  });
  test("states of an unknown kind", () => {
    const state = { kind: "nope", version: 1, config: {}, tensors: {} };
    expect(() => quantizerFromState(state)).toThrow(/"nope"/);
  });
});
