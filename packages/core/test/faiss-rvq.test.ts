import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rvq } from "../src/quantizers/rvq.js";
import { squaredError } from "./vectors.js";

// Made by tooling/golden/faiss-rvq.py; the file says the versions.
const golden = JSON.parse(
  readFileSync(new URL("golden/faiss-rvq.json", import.meta.url), "utf8"),
) as {
  x: number[];
  codebook: number[];
  beam1: { codes: number[][]; error: number };
  beam5: { codes: number[][]; error: number };
};
const x = { data: Float32Array.from(golden.x), shape: [64, 8] as const };
const codebook = { data: Float32Array.from(golden.codebook), shape: [4, 8, 8] };

test.each([1, 5] as const)("the codes of faiss for the same codebooks, beam %i", (beam) => {
  const q = rvq(codebook, { beam });
  const { codes, error } = golden[`beam${beam}`];
  const own = q.quantize(x);
  expect([...own.data]).toEqual(codes.flat());
  expect(squaredError(x.data, q.dequantize(own).data)).toBeCloseTo(error, 3);
});
