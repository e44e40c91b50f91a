import fc from "fast-check";
import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { fitAq } from "../quantizers/aq.js";
import { fitLsq } from "../quantizers/lsq.js";
import { fitOpq } from "../quantizers/opq.js";
import { PqQuantizer, fitPq } from "../quantizers/pq.js";
import { fitVaq } from "../quantizers/vaq.js";
import { CodeIndex } from "./code-index.js";
import type { TableQuantizer } from "./tables.js";

test("by hand: table sums and their order, ties to the lowest position", () => {
  const q = new PqQuantizer(2, [Float32Array.of(0, 2), Float32Array.of(0, 1)]);
  const index = new CodeIndex(q, { data: Int32Array.of(1, 1, 0, 0, 1, 0, 0, 0), shape: [4, 2] });
  const query = { data: Float32Array.of(1.5, 0), shape: [1, 2] as const };
  // Tables (2.25, 0.25) and (0, 1): distances 1.25, 2.25, 0.25, 2.25.
  expect([...index.distances(q.distanceTables(query))]).toEqual([1.25, 2.25, 0.25, 2.25]);
  expect([...index.search(query, 4).indices]).toEqual([2, 0, 1, 3]);
  // Symmetric: the query is its code (1, 0) = (2, 0).
  const result = index.searchCodes(q.quantize(query), 3);
  expect([...result.indices]).toEqual([2, 0, 1]);
  expect([...result.distances]).toEqual([0, 1, 4]);
});

const x = correlated(500, 8, 3);
const queries = correlated(70, 8, 4);
test.each<[string, () => Promise<TableQuantizer>]>([
  ["pq", () => fitPq("pq:4x16", x)],
  ["pq of many words", () => fitPq("pq:1x300", x, { iterations: 2 })],
  ["opq", () => fitOpq("opq:2x16", x, { iterations: 3 })],
  ["vaq", () => fitVaq("vaq:4x8", x)],
  ["aq", () => fitAq("aq:3x8,beam=4", x, { iterations: 1 })],
  ["lsq", () => fitLsq("lsq:5x8", x, { iterations: 1 })],
])("%s: distances are those to the decoded vectors, the nearest are found", async (_, fit) => {
  const q = await fit();
  const codes = q.quantize(x);
  const decoded = q.dequantize(codes).data;
  const index = new CodeIndex(q, codes);
  const row = (data: Float32Array, i: number) => data.subarray(i * 8, i * 8 + 8);
  const queryCodes = q.quantize(queries);
  const queryDecoded = q.dequantize(queryCodes).data;
  for (const [result, points] of [
    [index.search(queries, 7), queries.data],
    [index.searchCodes(queryCodes, 7), queryDecoded],
  ] as const) {
    expect(result.shape).toEqual([70, 7]);
    for (const i of [0, 33, 69]) {
      const all = Array.from({ length: 500 }, (_, n) =>
        squaredError(row(points, i), row(decoded, n)),
      );
      const sorted = all.slice().sort((a, b) => a - b);
      for (let j = 0; j < 7; j++) {
        const at = result.indices[i * 7 + j]!;
        expect(Math.abs(all[at]! - sorted[j]!)).toBeLessThan(1e-3);
        expect(Math.abs(result.distances[i * 7 + j]! - all[at]!)).toBeLessThan(1e-3);
      }
    }
  }
});

test("top k is the sorted list's head, for any k, across tiles", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3000 }),
      fc.integer({ min: 1, max: 50 }),
      (values, k) => {
        const q = new PqQuantizer(1, [Float32Array.from({ length: 10 }, (_, i) => i)]);
        const index = new CodeIndex(q, {
          data: Int32Array.from(values),
          shape: [values.length, 1],
        });
        const size = Math.min(k, values.length);
        const found = index.search({ data: Float32Array.of(0), shape: [1, 1] }, size);
        const order = values
          .map((v, i) => [v, i] as const)
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect([...found.indices]).toEqual(order.slice(0, size).map(([, i]) => i));
      },
    ),
    { seed: 1, numRuns: 40 },
  );
});

test("bad input", () => {
  const q = new PqQuantizer(2, [Float32Array.of(0, 2), Float32Array.of(0, 1)]);
  const empty = new CodeIndex(q, { data: new Int32Array(0), shape: [0, 2] });
  const query = { data: Float32Array.of(1, Number.NaN), shape: [1, 2] as const };
  expect(() => empty.search(query, 1)).toThrow(/empty/);
  const index = new CodeIndex(q, { data: new Int32Array(4), shape: [2, 2] });
  expect(() => index.search(query, 1)).toThrow(/NaN/);
  query.data[1] = 0;
  for (const k of [0, 3, 1.5]) expect(() => index.search(query, k)).toThrow(/neighbours/);
  expect(() => new CodeIndex(q, { data: Int32Array.of(0, 2), shape: [1, 2] })).toThrow(/\[0, 2\)/);
  expect(index.search({ data: new Float32Array(0), shape: [0, 2] }, 1).shape).toEqual([0, 1]);
});
