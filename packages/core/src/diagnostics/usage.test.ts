import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../math/random.js";
import { SAMPLES_PER_CODE, codebookUsage, createUsageMeter, usageDrift } from "./usage.js";

const codes = (data: readonly number[] | Int32Array, width = 1) => ({
  data: Int32Array.from(data),
  shape: [data.length / width, width] as const,
});

test("by hand: counts 4, 2, 1, 1, 0", () => {
  const [usage] = codebookUsage(codes([0, 0, 0, 0, 1, 1, 2, 3]), [5]);
  // Shares 1/2, 1/4, 1/8, 1/8: entropy 1/2 + 1/2 + 3/8 + 3/8.
  expect(usage!.entropy).toBeCloseTo(1.75, 12);
  expect(usage!.perplexity).toBeCloseTo(2 ** 1.75, 12);
  expect(usage!.normalizedEntropy).toBeCloseTo(1.75 / Math.log2(5), 12);
  expect([usage!.used, usage!.usedShare, usage!.dead]).toEqual([4, 0.8, 1]);
  expect(usage!.deadCodes).toEqual([4]);
  expect(usage!.top.slice(0, 2)).toEqual([
    { code: 0, count: 4 },
    { code: 1, count: 2 },
  ]);
  // Ascending 0 1 1 2 4: 2 (2 + 3 + 8 + 20) / (5 * 8) - 6/5.
  expect(usage!.gini).toBeCloseTo(66 / 40 - 1.2, 12);
  expect(usage!.verdict).toBe("insufficient-samples");
});

test("by hand: all alike, and all one", () => {
  const [even, single] = codebookUsage(codes([0, 3, 1, 3, 2, 3, 3, 3], 2), [4, 4]);
  expect(even).toMatchObject({ entropy: 2, perplexity: 4, gini: 0, used: 4, deadCodes: [] });
  expect(single).toMatchObject({ entropy: 0, perplexity: 1, gini: 0.75, used: 1, dead: 3 });
  expect(single!.deadCodes).toEqual([0, 1, 2]);
});

describe("verdicts", () => {
  const random = createRandom(1);
  const draw = (count: number, of: (i: number) => number) =>
    codebookUsage(codes(Array.from({ length: count }, (_, i) => of(i))), [256])[0]!;

  test("a planted collapse: 8 of 256 codes live", () => {
    const usage = draw(256 * 20, () => random.integer(8) * 31);
    expect(usage.usedShare).toBe(8 / 256);
    expect(usage.perplexity).toBeLessThanOrEqual(8);
    expect(usage.verdict).toBe("collapsed");
  });
  test("uniform codes", () => {
    const usage = draw(256 * 20, () => random.integer(256));
    expect(usage.perplexity).toBeGreaterThan(0.95 * 256);
    expect(usage.gini).toBeLessThan(0.2);
    expect(usage.verdict).toBe("healthy");
  });
  test("half of the samples on one code", () => {
    const usage = draw(256 * 20, (i) => (i % 2 === 0 ? 0 : random.integer(256)));
    // Entropy about 1 + 8 / 2 bits: a perplexity of 32, an eighth.
    expect(usage.perplexity / 32).toBeCloseTo(1, 1);
    expect(usage.verdict).toBe("uneven");
    expect(usage.used).toBe(256);
  });
  test("none on too few samples, whatever they look like", () => {
    expect(draw(256 * SAMPLES_PER_CODE - 1, () => 0).verdict).toBe("insufficient-samples");
    expect(draw(256 * SAMPLES_PER_CODE, () => 0).verdict).toBe("collapsed");
  });
  test("a stuck bit", () => {
    const bits = Array.from({ length: 300 }, (_, i) => [0, i % 100 === 0 ? 1 : 0, i % 2]).flat();
    const verdicts = codebookUsage(codes(bits, 3), [2, 2, 2]).map((usage) => usage.verdict);
    expect(verdicts).toEqual(["collapsed", "collapsed", "healthy"]);
  });
  test("the bound: with 10 samples a code, uniform codes look healthy and nearly none dead", () => {
    const usage = draw(256 * SAMPLES_PER_CODE, () => random.integer(256));
    expect(usage.verdict).toBe("healthy");
    expect(usage.dead).toBeLessThanOrEqual(1);
    expect(8 - usage.entropy).toBeLessThan(0.1);
  });
});

test("laws: adding in pieces, merging and adding at once agree", () => {
  const sizes = [7, 300, 2 ** 20];
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 50 }), (seed, rows) => {
      const random = createRandom(seed);
      const make = () =>
        codes(
          Array.from({ length: rows * 3 }, (_, i) => random.integer(Math.min(300, sizes[i % 3]!))),
          3,
        );
      const [a, b] = [make(), make()];
      const whole = codebookUsage(codes([...a.data, ...b.data], 3), sizes);
      const pieces = createUsageMeter(sizes);
      pieces.add(a);
      pieces.add(b);
      expect(pieces.report()).toEqual(whole);
      const [left, right] = [createUsageMeter(sizes), createUsageMeter(sizes)];
      left.add(a);
      right.add(b);
      left.merge(right);
      expect(left.report()).toEqual(whole);
      for (const usage of whole) {
        expect(usage.perplexity).toBeLessThanOrEqual(usage.used * (1 + 1e-9));
        expect(usage.gini).toBeGreaterThanOrEqual(0);
        expect(usage.gini).toBeLessThanOrEqual(1);
      }
      left.reset();
      expect(left.report()[0]!.samples).toBe(0);
    }),
    { seed: 14, numRuns: 40 },
  );
});

test("sparse and dense counting agree", () => {
  const random = createRandom(2);
  const data = Array.from({ length: 5000 }, () => random.integer(40) ** 2);
  const [dense] = codebookUsage(codes(data), [65536]);
  const [sparse] = codebookUsage(codes(data), [65537]);
  expect(sparse!.entropy).toBeCloseTo(dense!.entropy, 10);
  expect(sparse!.top).toEqual(dense!.top);
  expect(sparse!.deadCodes).toEqual(dense!.deadCodes);
  expect(sparse!.gini).toBeCloseTo(dense!.gini, 4);
});

test("huge codebooks: bounded memory, estimates near the truth", () => {
  const random = createRandom(3);
  const data = Int32Array.from({ length: 200_000 }, () => random.integer(50_000) * 40_000);
  const [exact] = codebookUsage(codes(data), [2 ** 31]);
  const meter = createUsageMeter([2 ** 31], { maxCodes: 4096 });
  for (let i = 0; i < data.length; i += 10_000) meter.add(codes(data.subarray(i, i + 10_000)));
  const [estimate] = meter.report();
  expect([exact!.exact, estimate!.exact]).toEqual([true, false]);
  expect(Math.abs(estimate!.used / exact!.used - 1)).toBeLessThan(0.05);
  expect(Math.abs(estimate!.entropy - exact!.entropy)).toBeLessThan(0.1);
  expect(estimate!.samples).toBe(200_000);
  expect(estimate!.verdict).toBe("insufficient-samples");
});

test("drift", () => {
  const a = codes([0, 0, 1, 1]);
  expect(usageDrift(a, codes([1, 0]), [4])).toEqual([0]);
  expect(usageDrift(a, codes([2, 3]), [4])).toEqual([1]);
  // Shares (1/2, 1/2) and (1, 0): 1/2 (1/2 log 2/3 + 1/2 log 2) + 1/2 log 4/3.
  const expected = 0.25 * Math.log2(2 / 3) + 0.25 + 0.5 * Math.log2(4 / 3);
  expect(usageDrift(a, codes([0]), [4])[0]).toBeCloseTo(expected, 12);
});

test("nothing seen, a codebook of one entry, bad input", () => {
  expect(codebookUsage(codes([]), [8])[0]).toMatchObject({
    samples: 0,
    used: 0,
    entropy: 0,
    perplexity: 0,
    gini: 0,
    verdict: "insufficient-samples",
  });
  expect(codebookUsage(codes(new Int32Array(10)), [1])[0]).toMatchObject({
    usedShare: 1,
    perplexity: 1,
    normalizedEntropy: 1,
    gini: 0,
    verdict: "healthy",
  });
  expect(() => codebookUsage(codes([8]), [8])).toThrow(/\[0, 8\)/);
  expect(() => createUsageMeter([4]).merge(createUsageMeter([5]))).toThrow(/codebooks 4/);
  expect(() => createUsageMeter([])).toThrow(/codebook/);
});
