import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { codebookUsage } from "../diagnostics/usage.js";
import { fitIrvq, growingSubspaces, irvqFamily } from "./irvq.js";
import { fitRvq } from "./rvq.js";

test("by hand: two pairs of clusters, apart along the first principal direction", async () => {
  const data = Float32Array.of(0, 0, 0, 1, 10, 0, 10, 1);
  const book = await growingSubspaces(2, 1, { seed: 1 })({ data, shape: [4, 2] }, 0);
  const words = [[...book.subarray(0, 2)], [...book.subarray(2, 4)]].sort((a, b) => a[0]! - b[0]!);
  expect(words[0]![0]).toBeCloseTo(0, 5);
  expect(words[0]![1]).toBeCloseTo(0.5, 5);
  expect(words[1]![0]).toBeCloseTo(10, 5);
  expect(words[1]![1]).toBeCloseTo(0.5, 5);
});

test("uses the codes of late levels as evenly as plain residual k-means at no more error", async () => {
  const x = correlated(1500, 16, 3);
  const plain = await fitRvq("rvq:4x32,beam=5", x, { seed: 1 });
  const q = await fitIrvq("irvq:4x32,beam=5", x, { seed: 1 });
  const error = (p: typeof plain) => squaredError(x.data, p.dequantize(p.quantize(x)).data);
  expect(error(q)).toBeLessThan(1.02 * error(plain));
  const entropy = (p: typeof plain) =>
    codebookUsage(p.quantize(x), p.codebookSizes).reduce(
      (sum, { perplexity }) => sum + Math.log2(perplexity),
      0,
    );
  expect(entropy(q)).toBeGreaterThan(0.98 * entropy(plain));
  expect(irvqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect((await fitIrvq("irvq:4x32,beam=5", x, { seed: 1 })).toState()).toEqual(q.toState());
});

test("bad specs; more words than vectors", async () => {
  const x = correlated(20, 3, 4);
  await expect(fitIrvq("irvq:3", x)).rejects.toThrow(/irvq/);
  await expect(fitIrvq("irvq:0x4", x)).rejects.toThrow(/irvq/);
});
