import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lsqFamily } from "../src/quantizers/lsq.js";
import { pqFamily } from "../src/quantizers/pq.js";
import { squaredError } from "./vectors.js";

// Made by tooling/golden/faiss-pq-aq.py; the file says the versions.
const golden = JSON.parse(
  readFileSync(new URL("golden/faiss-pq-aq.json", import.meta.url), "utf8"),
) as {
  x: number[];
  pq: { codebook: number[]; codes: number[][] };
  lsq: { codebook: number[]; codes: number[][]; decoded: number[]; error: number };
};
const x = { data: Float32Array.from(golden.x), shape: [64, 8] as const };

test("the PQ codes of faiss for the same codebooks", () => {
  const codebook = { data: Float32Array.from(golden.pq.codebook), shape: [4, 8, 2] };
  const q = pqFamily.fromCodebook!("pq:4x8", codebook);
  expect([...q.quantize(x).data]).toEqual(golden.pq.codes.flat());
});

test("additive codebooks: the same sums, and codes at least as good as faiss's", () => {
  const codebook = { data: Float32Array.from(golden.lsq.codebook), shape: [4, 8, 8] };
  const q = lsqFamily.fromCodebook!("lsq:4x8", codebook);
  const codes = { data: Int32Array.from(golden.lsq.codes.flat()), shape: [64, 4] as const };
  expect(squaredError(q.dequantize(codes).data, golden.lsq.decoded)).toBeLessThan(1e-8);
  const own = squaredError(x.data, q.dequantize(q.quantize(x)).data);
  expect(own).toBeLessThanOrEqual(golden.lsq.error * (1 + 1e-6));
});
