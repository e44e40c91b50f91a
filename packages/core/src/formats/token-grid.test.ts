import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../test/attempt.js";
import { createTokenGrid } from "../grid/grid.js";
import { createRandom } from "../math/random.js";
import type { Tensor } from "../spec/tensor.js";
import { crc32 } from "./crc32.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import {
  loadTokenGrid,
  loadTokenGrids,
  readTokenFile,
  saveTokenGrid,
  saveTokenGrids,
  tokenFileChecksum,
} from "./token-grid.js";

const grid = createTokenGrid({
  codes: { data: Int32Array.of(0, 4, 999, 0, 7, 2, 1, 1, 500, 3, 2, 0), shape: [6, 2] },
  shape: [2, 3],
  codebookSizes: [1000, 5],
  side: { size: [23, 17], gain: 0.1, note: "é", flip: false },
  tokenizer: "image/test",
});

test("CRC-32: the check value of the literature, and piecewise", () => {
  const bytes = new TextEncoder().encode("123456789");
  expect(crc32(bytes)).toBe(0xcbf43926);
  expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
  expect(crc32(new Uint8Array(32).fill(255))).toBe(0xff6cab0b);
});

describe.each(["integers", "bits", "radix"] as const)("packing %s", (packing) => {
  test("loading undoes saving", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }),
        fc.integer(),
        (codebookSizes, shape, seed) => {
          const random = createRandom(seed);
          const rows = shape.reduce((a, b) => a * b, 1);
          const width = codebookSizes.length;
          const data = Int32Array.from({ length: rows * width }, (_, i) =>
            random.integer(codebookSizes[i % width]!),
          );
          const one = createTokenGrid({
            codes: { data, shape: [rows, width] },
            shape,
            codebookSizes,
          });
          expect(loadTokenGrid(saveTokenGrid(one, { packing }))).toEqual(one);
        },
      ),
      { seed: 10, numRuns: 80 },
    );
  });

  test("several grids with text of the caller", () => {
    const other = createTokenGrid({
      codes: { data: Int32Array.of(255), shape: [1, 1] },
      shape: [1],
      codebookSizes: [256],
    });
    const bytes = saveTokenGrids([grid, other, grid], { packing, metadata: { source: "a.png" } });
    const file = readTokenFile(bytes);
    expect(file).toEqual({ grids: [grid, other, grid], metadata: { source: "a.png" }, packing });
    expect(() => loadTokenGrid(bytes)).toThrow(/loadTokenGrids/);
    expect(loadTokenGrids(saveTokenGrids([], { packing }))).toEqual([]);
  });

  test("every flipped bit and every cut is noticed", () => {
    const bytes = saveTokenGrid(grid, { packing });
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [1, 16, 128]) {
        const broken = bytes.slice();
        broken[i]! ^= bit;
        // Blanks that pad the header may change into other JSON blanks; nothing else may.
        const outcome = attempt(() => loadTokenGrid(broken));
        expect([grid, "typed error"]).toContainEqual(outcome);
      }
      expect(() => loadTokenGrid(bytes.subarray(0, i))).toThrow(/safetensors/);
    }
  });
});

test("codes take the smallest integer that fits, and are visible to other readers", () => {
  const dtype = (size: number) => {
    const codes = { data: Int32Array.of(size - 1, 0), shape: [2, 1] as const };
    const made = createTokenGrid({ codes, shape: [1, 2], codebookSizes: [size] });
    return readSafetensors(saveTokenGrid(made)).tensors["codes"];
  };
  expect(dtype(256)).toEqual({ data: Uint8Array.of(255, 0), shape: [1, 2, 1], dtype: "uint8" });
  expect(dtype(257)!.dtype).toBe("uint16");
  expect(dtype(65536)!.dtype).toBe("uint16");
  expect(dtype(65537)!.dtype).toBe("int32");
});

describe("bad files", () => {
  const { tensors, metadata } = readSafetensors(saveTokenGrid(grid));
  const forge = (change: Record<string, string>, more: Record<string, Tensor> = {}) => {
    const t = { ...tensors, ...more };
    const m = { ...metadata, ...change };
    // A right checksum, so that what lies behind it is reached.
    return writeSafetensors(t, { ...m, "dtok.crc32": tokenFileChecksum(t, m) });
  };
  const entry = (JSON.parse(metadata["dtok.grids"]!) as Record<string, unknown>[])[0]!;
  const withEntry = (change: Record<string, unknown>) =>
    forge({ "dtok.grids": JSON.stringify([{ ...entry, ...change }]) });

  test("forging works", () => expect(loadTokenGrid(forge({}))).toEqual(grid));
  test("a wrong hash", () => {
    const bytes = writeSafetensors(tensors, { ...metadata, "dtok.crc32": "00000000" });
    expect(() => loadTokenGrid(bytes)).toThrow(expect.objectContaining({ code: "integrity" }));
    const { "dtok.crc32": _, ...rest } = metadata;
    expect(() => loadTokenGrid(writeSafetensors(tensors, rest))).toThrow(/there is none/);
  });
  test.each<[string, () => Uint8Array, RegExp]>([
    ["of a newer format", () => forge({ "dtok.format": "dtok-tokens-2" }), /newer version/],
    ["that hold no tokens", () => writeSafetensors(tensors), /no tokens/],
    ["of an unknown packing", () => forge({ "dtok.packing": "zip" }), /packing/],
    ["with broken JSON", () => forge({ "dtok.grids": "[{" }), /JSON/],
    ["without a list", () => forge({ "dtok.grids": "{}" }), /list/],
    ["with a null entry", () => forge({ "dtok.grids": "[null]" }), /grid 0/],
    ["with a missing tensor", () => withEntry({ tensor: "constructor" }), /for grid 0/],
    [
      "with two grids of one tensor",
      () => forge({ "dtok.grids": JSON.stringify([entry, entry]) }),
      /grid 1 alone/,
    ],
    ["with another shape", () => withEntry({ shape: [3, 2] }), /codes \[3, 2, 2\]/],
    ["with an absurd shape", () => withEntry({ shape: [2 ** 50, 2 ** 50] }), /grid 0/],
    ["with sizes that are too small", () => withEntry({ codebookSizes: [900, 5] }), /\[0, 900\)/],
    ["with bad side values", () => withEntry({ side: { a: null } }), /"a"/],
    [
      "with float codes",
      () => forge({}, { codes: { data: new Float32Array(12), shape: [2, 3, 2] } }),
      /float32/,
    ],
    [
      "with negative codes",
      () => forge({}, { codes: { data: new Int32Array(12).fill(-1), shape: [2, 3, 2] } }),
      /-1 at position 0/,
    ],
  ])("%s", (_, make, message) => expect(() => loadTokenGrid(make())).toThrow(message));

  test("keys of the format are not the caller's", () => {
    expect(() => saveTokenGrid(grid, { metadata: { "dtok.crc32": "" } })).toThrow(/dtok\./);
    expect(() => saveTokenGrid(grid, { packing: "zip" as never })).toThrow(/packing/);
  });
});
