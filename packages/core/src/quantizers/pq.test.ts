import fc from "fast-check";
import { expect, test } from "vitest";
import { attempt } from "../../test/attempt.js";
import { correlated, squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { PqQuantizer, fitPq, pqFamily } from "./pq.js";

test("by hand: two codebooks of two words", () => {
  const q = new PqQuantizer(4, [Float32Array.of(0, 0, 2, 2), Float32Array.of(1, -1, -3, 0)]);
  // (1.5, 1) is nearer to (2, 2): 1.25 against 3.25; (-2, 0) nearer to (-3, 0): 1 against 10.
  const x = { data: Float32Array.of(1.5, 1, -2, 0, 1, 1, 1, -1), shape: [2, 4] as const };
  const codes = q.quantize(x);
  // (1, 1) is as near to both words: the lower index.
  expect([...codes.data]).toEqual([1, 1, 0, 0]);
  expect([...q.dequantize(codes).data]).toEqual([2, 2, -3, 0, 0, 0, 1, -1]);
});

test("each code is the brute-force argmin of its subspace, and codes of words are themselves", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 1e6 }),
      (m, width, size, seed) => {
        const random = createRandom(seed);
        const words = Array.from({ length: m }, () =>
          random.fillNormal(new Float32Array(size * width)),
        );
        const q = new PqQuantizer(m * width, words);
        const x = random.fillNormal(new Float32Array(7 * m * width));
        const codes = q.quantize({ data: x, shape: [7, m * width] });
        for (let i = 0; i < 7; i++) {
          for (let s = 0; s < m; s++) {
            const part = x.subarray((i * m + s) * width, (i * m + s + 1) * width);
            const distances = Array.from({ length: size }, (_, k) =>
              squaredError(part, words[s]!.subarray(k * width, (k + 1) * width)),
            );
            const chosen = distances[codes.data[i * m + s]!]!;
            expect(chosen).toBeLessThanOrEqual(Math.min(...distances) * (1 + 1e-6));
          }
        }
        expect(q.idempotent).toBe(true);
        expect(q.quantize(q.dequantize(codes))).toEqual(codes);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

test("equal words: the first is chosen, and the quantizer does not claim to be idempotent", () => {
  const q = new PqQuantizer(1, [Float32Array.of(5, 5, 0, -0)]);
  expect(q.idempotent).toBe(false);
  expect([...q.quantize({ data: Float32Array.of(5, 0), shape: [2, 1] }).data]).toEqual([0, 2]);
});

test("fit: the same for a seed and for a stream, better than its start, obeys its bounds", async () => {
  const x = correlated(1500, 8, 3);
  const fit = (options = {}) => fitPq("pq:4x16", x, { seed: 5, ...options });
  const q = await fit();
  expect((await fit()).toState()).toEqual(q.toState());
  expect((await fit({ seed: 6 })).toState()).not.toEqual(q.toState());
  const stream = {
    dim: 8,
    *chunks() {
      for (let at = 0; at < 1500; at += 400) {
        const end = Math.min(1500, at + 400);
        yield { data: x.data.subarray(at * 8, end * 8), shape: [end - at, 8] as const };
      }
    },
  };
  expect((await fitPq("pq:4x16", stream, { seed: 5 })).toState()).toEqual(q.toState());
  const sampled = await fitPq("pq:4x16", stream, { seed: 5, maxSamples: 300 });
  const error = (p: PqQuantizer) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  const start = await fit({ iterations: 0 });
  expect(error(q)).toBeLessThan(error(start));
  expect(error(q)).toBeLessThan(error(sampled));
  expect(error(sampled)).toBeLessThan(error(start));
  await expect(fit({ maxBytes: 100 })).rejects.toThrow(/at least \d+ bytes/);
  const steps: string[] = [];
  await fit({ onProgress: (p: { stage: string }) => steps.push(p.stage) });
  expect(steps).toContain("codebook 4/4");
  await expect(fit({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test("more words than vectors, one vector, constant vectors: valid codebooks", async () => {
  for (const rows of [1, 3]) {
    const x = correlated(rows, 4, 1);
    const q = await fitPq("pq:2x8", x);
    expect(squaredError(q.dequantize(q.quantize(x)).data, x.data)).toBe(0);
  }
  const flat = { data: new Float32Array(400).fill(3), shape: [100, 4] as const };
  const q = await fitPq("pq:2x4", flat);
  expect(squaredError(q.dequantize(q.quantize(flat)).data, flat.data)).toBeLessThan(1e-3);
});

test("specs, codebooks, states, bad input", async () => {
  const x = correlated(50, 6, 2);
  await expect(fitPq("pq:4x8", x)).rejects.toThrow(/Use 2 or 3 or 6 codebooks, or pad.*D = 8/);
  for (const spec of ["pq:", "pq:4", "pq:0x8", "pq:2x0", "pq:2x8x", "pq:-1x8", "pq:2x99999999"]) {
    await expect(fitPq(spec, x)).rejects.toThrow(/pq/);
  }
  await expect(fitPq("pq:2x8", { data: new Float32Array(0), shape: [0, 6] })).rejects.toThrow(
    /at least one vector/,
  );
  x.data[7] = Number.NaN;
  await expect(fitPq("pq:2x8", x)).rejects.toThrow(/NaN at row 1, column 1/);
  const codebook = { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [2, 3, 2] };
  const q = pqFamily.fromCodebook!("pq:2x3", codebook);
  expect(q.dim).toBe(4);
  expect([...q.dequantize({ data: Int32Array.of(2, 0), shape: [1, 2] }).data]).toEqual([
    4, 5, 6, 7,
  ]);
  expect(pqFamily.fromState(q.toState()).toState()).toEqual(q.toState());
  expect(() => pqFamily.fromCodebook!("pq:3x2", codebook)).toThrow(/float32 \[3, 2, width\]/);
  codebook.data[5] = Infinity;
  expect(() => pqFamily.fromCodebook!("pq:2x3", codebook)).toThrow(/Infinity/);
  const state = q.toState();
  for (const config of [{}, { dim: 5, codebooks: 2, size: 3 }, { dim: 4, codebooks: 0, size: 3 }]) {
    expect(attempt(() => pqFamily.fromState({ ...state, config }))).toBe("typed error");
  }
  expect(() => q.dequantize({ data: Int32Array.of(3, 0), shape: [1, 2] })).toThrow(/\[0, 3\)/);
});
