import { createRandom } from "@dtok/core";
import type { Codes } from "@dtok/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTrie, sortRows } from "./trie.js";

const codesOf = (rows: readonly (readonly number[])[]): Codes => ({
  data: Int32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 1],
});

/** Distinct IDs over the given sizes. */
const ids = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  .chain((sizes) =>
    fc.record({
      sizes: fc.constant(sizes),
      rows: fc.uniqueArray(fc.tuple(...sizes.map((size) => fc.nat(size - 1))), {
        selector: (row) => row.join(),
        minLength: 1,
        maxLength: 40,
      }),
    }),
  );

describe("prefix trie", () => {
  it("knows the IDs of a small catalogue", () => {
    const trie = buildTrie(
      codesOf([
        [2, 1, 0],
        [0, 3, 1],
        [2, 1, 3],
        [2, 0, 0],
      ]),
      [3, 4, 4],
    );
    expect(trie.count).toBe(4);
    expect([...trie.allowed([])]).toEqual([0, 2]);
    expect([...trie.allowed([2])]).toEqual([0, 1]);
    expect([...trie.allowed([2, 1])]).toEqual([0, 3]);
    expect([...trie.mask([2, 1])]).toEqual([1, 0, 0, 1]);
    expect([...trie.allowed([1])]).toEqual([]);
    expect(trie.lookup([2, 1, 3])).toBe(2);
    expect(trie.lookup([2, 1, 1])).toBe(-1);
    expect(trie.lookup([2, 1])).toBe(-1);
    expect([...trie.rowsUnder([2])]).toEqual([3, 0, 2]);
    expect([...trie.rowsUnder([])]).toEqual([1, 3, 0, 2]);
    expect([...trie.rowsUnder([0, 3, 1])]).toEqual([1]);
    expect([...trie.rowsUnder([1])]).toEqual([]);
    expect([0, 1, 2, 3].map((n) => trie.prefixes(n))).toEqual([1, 2, 3, 4]);
    const step = trie.step(trie.root, 2);
    expect([...trie.allowed(step!)]).toEqual([0, 1]);
    expect(trie.step(trie.root, 1)).toBeUndefined();
  });

  it("agrees with the list of IDs that it was made of", () => {
    fc.assert(
      fc.property(ids, ({ sizes, rows }) => {
        const trie = buildTrie(codesOf(rows), sizes);
        for (const [n, row] of rows.entries()) {
          expect(trie.lookup(row)).toBe(n);
          for (let length = 0; length < sizes.length; length++) {
            const prefix = row.slice(0, length);
            const begins = (other: readonly number[]) => prefix.every((c, i) => other[i] === c);
            const next = [...new Set(rows.filter(begins).map((r) => r[length] as number))];
            expect([...trie.allowed(prefix)]).toEqual(next.toSorted((a, b) => a - b));
            const mask = trie.mask(prefix);
            expect(mask.length).toBe(sizes[length]);
            expect(mask.reduce((a, b) => a + b, 0)).toBe(next.length);
            const under = rows.flatMap((r, i) => (begins(r) ? [i] : []));
            expect([...trie.rowsUnder(prefix)].toSorted((a, b) => a - b)).toEqual(under);
          }
        }
        const all = new Set(rows.map((row) => row.join()));
        const random = createRandom(rows.length);
        for (let i = 0; i < 20; i++) {
          const any = sizes.map((size) => random.integer(size));
          expect(trie.lookup(any) >= 0).toBe(all.has(any.join()));
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("sorts levels of more than 65,536 codes", () => {
    const random = createRandom(5);
    const sizes = [3, 200_000];
    const rows = Array.from({ length: 500 }, () => sizes.map((size) => random.integer(size)));
    const order = [...sortRows(codesOf(rows), sizes)];
    const sorted = rows.map((_, i) => i);
    sorted.sort((a, b) => rows[a]![0]! - rows[b]![0]! || rows[a]![1]! - rows[b]![1]! || a - b);
    expect(order).toEqual(sorted);
  });

  it("stays within 40 bytes per ID", () => {
    const random = createRandom(7);
    const seen = new Set<number>();
    while (seen.size < 50_000) seen.add(random.uint32());
    const rows = [...seen].map((v) => [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255]);
    const trie = buildTrie(codesOf(rows), [256, 256, 256, 256]);
    expect(trie.byteLength / 50_000).toBeLessThan(40);
    for (let i = 0; i < rows.length; i += 97) expect(trie.lookup(rows[i]!)).toBe(i);
  });

  it("holds no ID, and says so", () => {
    const trie = buildTrie({ data: new Int32Array(0), shape: [0, 2] }, [4, 4]);
    expect(trie.count).toBe(0);
    expect(trie.allowed([]).length).toBe(0);
    expect(trie.lookup([0, 0])).toBe(-1);
    expect([...trie.rowsUnder([])]).toEqual([]);
  });

  it("refuses what is no list of distinct IDs", () => {
    expect(() => buildTrie(codesOf([[1], [1]]), [2])).toThrow(/rows 0 and 1/);
    expect(() => buildTrie(codesOf([[2]]), [2])).toThrow(/codebook 0/);
    const trie = buildTrie(codesOf([[1]]), [2]);
    expect(() => trie.mask([1])).toThrow(/whole ID/);
    expect(() => trie.mask([], new Uint8Array(3))).toThrow(/mask/);
    expect(() => trie.prefixes(2)).toThrow(/levels/);
  });
});
