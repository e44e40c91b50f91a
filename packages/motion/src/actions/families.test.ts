import { createRandom, isDtokError, loadTokenGrid, saveTokenGrid } from "@dtok/core";
import { describe, expect, test } from "vitest";
import { matrix, wave, waves } from "../../test/trajectories.js";
import { actionFamilies, fitActions, loadActionTokenizer } from "./families.js";
import type { ActionKind } from "./families.js";
import { saveActionTokenizer } from "./tokenizer.js";

const data = waves(6, 200, 3);
const options = {
  bins: {},
  fast: { chunk: 10 },
  skills: { size: 16, vocabulary: 64 },
  saq: { quantizer: "vq:16", cells: 3 },
  hyperbolic: { quantizer: "vq-hyp:32" },
} as const;
const kinds = Object.keys(actionFamilies) as ActionKind[];

describe.each(kinds)("%s", (kind) => {
  test("a file has all of it; the same seed makes the same file", async () => {
    const tokenizer = await fitActions(kind, data, options[kind]);
    const bytes = saveActionTokenizer(tokenizer);
    const same = saveActionTokenizer(await fitActions(kind, data, options[kind]));
    expect(Buffer.compare(bytes, same)).toBe(0);
    const again = loadActionTokenizer(bytes);
    expect(again.kind).toBe(kind);
    expect(again.dim).toBe(3);
    for (const rows of [1, 2, 63]) {
      const one = wave(rows, 3, rows);
      const grid = tokenizer.encode(one);
      expect(again.encode(one)).toEqual(grid);
      const decoded = tokenizer.decode(grid);
      expect(again.decode(grid)).toEqual(decoded);
      expect(decoded.shape).toEqual([rows, 3]);
      // As a token file of core.
      expect(again.decode(loadTokenGrid(saveTokenGrid(grid)))).toEqual(decoded);
      for (const [i, code] of grid.codes.data.entries()) {
        expect(code).toBeGreaterThanOrEqual(0);
        expect(code).toBeLessThan(tokenizer.codebookSizes[i % tokenizer.codebookSizes.length]!);
      }
    }
  });

  test("bad input is a typed error", async () => {
    const tokenizer = await fitActions(kind, data, options[kind]);
    expect(() => tokenizer.encode(matrix(0, 3, []))).toThrow(/T of at least 1/);
    expect(() => tokenizer.encode(matrix(1, 2, [0, 0]))).toThrow(/\[T, 3\]/);
    expect(() => tokenizer.encode(matrix(2, 3, [0, 0, 0, 0, Number.NaN, 0]))).toThrow(
      /row 1, column 1/,
    );
    const grid = tokenizer.encode(data[0]!);
    expect(() => tokenizer.decode({ ...grid, tokenizer: "image/x" })).toThrow(/image\/x/);
    for (const rows of [0, -1, 1.5, 1e12, "200"])
      expect(() => tokenizer.decode({ ...grid, side: { ...grid.side, rows } })).toThrow(/rows/);
    for (const code of [-1, 1e6]) {
      const codes = { data: grid.codes.data.slice(), shape: grid.codes.shape };
      codes.data[3] = code;
      const outcome = caught(() => tokenizer.decode({ ...grid, codes }));
      expect(isDtokError(outcome)).toBe(true);
    }
    await expect(fitActions(kind, [])).rejects.toThrow(/at least one trajectory/);
    await expect(fitActions(kind, [data[0]!, matrix(1, 2, [0, 0])])).rejects.toThrow(
      /trajectory 1/,
    );
    await expect(fitActions(kind, [matrix(1, 1, [Infinity])])).rejects.toThrow(/Infinity at row 0/);
  });

  test("a damaged file is a typed error, or a tokenizer that works", async () => {
    const good = saveActionTokenizer(await fitActions(kind, data, options[kind]));
    const random = createRandom(8);
    const strange: string[] = [];
    for (let round = 0; round < 80; round++) {
      const bytes = good.slice();
      for (let k = 0; k <= random.integer(3); k++)
        bytes[random.integer(Math.min(bytes.length, 1200))] = random.integer(128);
      const outcome = caught(() => loadActionTokenizer(bytes).encode(data[0]!));
      if (outcome === undefined || isDtokError(outcome)) continue;
      strange.push(String(outcome));
    }
    expect(strange).toEqual([]);
  });
});

test("an unknown kind names those that there are", async () => {
  await expect(fitActions("nope" as ActionKind, data)).rejects.toThrow(/bins, fast, skills/);
});

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
