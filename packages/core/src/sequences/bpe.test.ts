import { createTokenGrid, readSafetensors, writeSafetensors } from "../index.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CodeBpe } from "./bpe.js";

/** Merges as the definition has them: count all pairs anew for each. */
function naiveTrain(sequences: number[][], size: number, most: number, least: number): number[][] {
  const lists = sequences.map((list) => [...list]);
  const merges: number[][] = [];
  for (let id = size; id < most; id++) {
    const counts = new Map<string, number>();
    for (const list of lists) {
      for (let i = 0; i + 1 < list.length; i++) {
        const key = `${list[i]},${list[i + 1]}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    const best = [...counts]
      .map(([key, count]) => [count, ...key.split(",").map(Number)] as [number, number, number])
      .toSorted((x, y) => y[0] - x[0] || x[1] - y[1] || x[2] - y[2])[0];
    if (best === undefined || best[0] < least) break;
    merges.push([best[1], best[2]]);
    for (const list of lists) replace(list, best[1], best[2], id);
  }
  return merges;
}

function replace(list: number[], a: number, b: number, id: number): void {
  for (let i = 0; i + 1 < list.length; i++) {
    if (list[i] === a && list[i + 1] === b) list.splice(i, 2, id);
  }
}

const corpora = fc.integer({ min: 1, max: 6 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    sequences: fc.array(fc.array(fc.nat(size - 1), { maxLength: 60 }), { maxLength: 5 }),
  }),
);

describe("CodeBpe", () => {
  it("is a hand-worked example", () => {
    const bpe = CodeBpe.train([[0, 1, 0, 1, 2, 0, 1, 0, 1]], { size: 3, vocabulary: 8 });
    expect([...bpe.pairs]).toEqual([0, 1, 3, 3]);
    expect([...bpe.encode([0, 1, 0, 1, 2])]).toEqual([4, 2]);
    expect([...bpe.encode([1, 0, 1])]).toEqual([1, 3]);
    expect([...bpe.decode([4, 2, 3])]).toEqual([0, 1, 0, 1, 2, 0, 1]);
    expect([...bpe.expansion(4)]).toEqual([0, 1, 0, 1]);
    // Runs: the first two of three.
    expect([...CodeBpe.train([[0, 0, 0, 1, 0, 0]], { size: 2, vocabulary: 3 }).pairs]).toEqual([
      0, 0,
    ]);
    expect([...new CodeBpe(2, Int32Array.of(0, 0)).encode([0, 0, 0])]).toEqual([2, 0]);
  });

  it("learns what the definition learns, and encodes so", () => {
    fc.assert(
      fc.property(corpora, fc.integer({ min: 0, max: 12 }), ({ size, sequences }, more) => {
        const bpe = CodeBpe.train(sequences, { size, vocabulary: size + more });
        const merges = naiveTrain(sequences, size, size + more, 2);
        expect([...bpe.pairs]).toEqual(merges.flat());
        for (const sequence of sequences) {
          const list = [...sequence];
          for (const [i, [a, b]] of merges.entries()) replace(list, a!, b!, size + i);
          expect([...bpe.encode(sequence)]).toEqual(list);
        }
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  it("has an inverse, saved and loaded too, and obeys its limits", () => {
    fc.assert(
      fc.property(
        corpora,
        fc.array(fc.nat(5), { maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        ({ size, sequences }, other, longest) => {
          const bpe = CodeBpe.train(sequences, { size, vocabulary: size + 20, longest });
          const codes = other.map((code) => code % size);
          const again = CodeBpe.load(bpe.save());
          expect([...again.decode(bpe.encode(codes))]).toEqual(codes);
          for (let id = 0; id < bpe.vocabulary; id++) {
            expect(bpe.expansion(id).length).toBeLessThanOrEqual(Math.max(1, longest));
          }
        },
      ),
      { seed: 9, numRuns: 100 },
    );
  });

  it("makes grids that are a modality of their own", () => {
    const bpe = new CodeBpe(3, Int32Array.of(0, 1));
    const grid = createTokenGrid({
      codes: { data: Int32Array.of(0, 1, 2), shape: [3, 1] },
      shape: [3],
      codebookSizes: [3],
      tokenizer: "speech/units",
      side: { gain: 0.5 },
    });
    const merged = bpe.encodeGrid(grid, "speech/units-bpe");
    expect(merged).toMatchObject({ shape: [2], codebookSizes: [4], side: { gain: 0.5 } });
    expect(bpe.decodeGrid(merged, "speech/units")).toEqual(grid);
    expect(() => bpe.encodeGrid(merged, "x")).toThrow(/codebook of 3/);
    expect(() => bpe.decodeGrid(grid, "x")).toThrow(/codebook of 4/);
  });

  it("refuses what is no code, and files that were changed or explode", () => {
    const bpe = new CodeBpe(3, Int32Array.of(0, 1));
    expect(() => bpe.encode([3])).toThrow(/\[0, 3\)/);
    expect(() => bpe.encode([0.5])).toThrow(/0\.5 at 0/);
    expect(() => bpe.decode([4])).toThrow(/\[0, 4\)/);
    expect(() => CodeBpe.train([[9]], { size: 3, vocabulary: 9 })).toThrow(/9 at 0/);
    expect(() => CodeBpe.train([], { size: 3, vocabulary: 2 })).toThrow(/vocabulary/);
    expect(() => new CodeBpe(3, Int32Array.of(0, 3))).toThrow(/below 3/);
    expect(() => new CodeBpe(3, Int32Array.of(0, 1, 0, 1))).toThrow(/new pair/);
    // Each merge doubles: 2^30 codes of one id.
    const doubling = Int32Array.from({ length: 60 }, (_, i) => (i >> 1 === 0 ? 0 : i >> 1));
    expect(() => new CodeBpe(1, doubling)).toThrow(/codes of one/);
    const { tensors, metadata } = readSafetensors(bpe.save());
    const other = { ...tensors, pairs: { data: Int32Array.of(1, 0), shape: [1, 2] } };
    expect(() => CodeBpe.load(writeSafetensors(other, metadata))).toThrow(/checksum/);
    expect(() => CodeBpe.load(writeSafetensors(tensors, {}))).toThrow(/dtok-bpe-1/);
  });
});
