import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { createRandom } from "../math/random.js";
import { allocateEigenvalues, fitOpq, opqFamily, OpqQuantizer } from "./opq.js";
import { fitPq } from "./pq.js";
import { ProductCodebook } from "./product.js";
import { principal, procrustes } from "./spectral.js";

test("by hand: a quarter turn before, its inverse after", () => {
  // R (x, y) = (y, -x); codebooks {0, 4} and {0, -2}.
  const q = new OpqQuantizer(
    Float32Array.of(0, 1, -1, 0),
    new ProductCodebook([1, 1], [Float32Array.of(0, 4), Float32Array.of(0, -2)]),
  );
  const codes = q.quantize({ data: Float32Array.of(1.5, 3), shape: [1, 2] });
  expect([...codes.data]).toEqual([1, 1]); // R x = (3, -1.5)
  const back = q.dequantize(codes).data; // Rᵀ (4, -2) = (2, 4)
  expect(back[0]).toBe(2);
  expect(back[1]).toBe(4);
});

test("eigenvalue allocation balances products: 8, 4, 2, 1 go to (8, 1) and (4, 2)", () => {
  expect(allocateEigenvalues(Float64Array.of(8, 4, 2, 1), 2)).toEqual([0, 3, 1, 2]);
});

test("Procrustes recovers a rotation, also from a matrix of low rank", () => {
  const random = createRandom(4);
  const n = 9;
  const r = procrustes(
    Float64Array.from({ length: n * n }, () => random.normal()),
    n,
  );
  for (const rank of [n, n - 3]) {
    // A = R P with P positive semidefinite of that rank: R is a solution, trace(Rᵀ A) = trace(P).
    const f = Float64Array.from({ length: n * rank }, () => random.normal());
    const a = new Float64Array(n * n);
    let tracePlain = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let p = 0;
        for (let k = 0; k < rank; k++) p += f[i * rank + k]! * f[j * rank + k]!;
        if (i === j) tracePlain += p;
        for (let o = 0; o < n; o++) a[o * n + j]! += r[o * n + i]! * p;
      }
    }
    const found = procrustes(a.slice(), n);
    let trace = 0;
    for (let i = 0; i < n * n; i++) trace += found[i]! * a[i]!;
    expect(trace).toBeCloseTo(tracePlain, 8);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let dot = 0;
        for (let d = 0; d < n; d++) dot += found[i * n + d]! * found[j * n + d]!;
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 10);
      }
    }
  }
});

test("principal directions diagonalise the covariance, largest variance first", () => {
  const x = correlated(400, 6, 2);
  const { mean, variances, directions } = principal(x.data, 400, 6);
  for (let a = 0; a < 6; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let i = 0; i < 400; i++) {
        let u = 0;
        let v = 0;
        for (let d = 0; d < 6; d++) {
          u += (x.data[i * 6 + d]! - mean[d]!) * directions[a * 6 + d]!;
          v += (x.data[i * 6 + d]! - mean[d]!) * directions[b * 6 + d]!;
        }
        sum += (u * v) / 400;
      }
      expect(sum).toBeCloseTo(a === b ? variances[a]! : 0, 8);
    }
    if (a > 0) expect(variances[a]).toBeLessThanOrEqual(variances[a - 1]!);
  }
});

test("the rotation is orthogonal; the error falls with every round and beats PQ's", async () => {
  const x = correlated(800, 12, 7);
  const errors: number[] = [];
  const q = await fitOpq("opq+pq:4x16", x, {
    seed: 2,
    onProgress: ({ stage, error }) => {
      if (stage.startsWith("rotation")) errors.push(error!);
    },
  });
  for (let i = 1; i < errors.length; i++) {
    expect(errors[i]).toBeLessThanOrEqual(errors[i - 1]! * (1 + 1e-6));
  }
  const r = q.rotation;
  for (let i = 0; i < 12; i++) {
    for (let j = 0; j < 12; j++) {
      let dot = 0;
      for (let d = 0; d < 12; d++) dot += r[i * 12 + d]! * r[j * 12 + d]!;
      expect(dot).toBeCloseTo(i === j ? 1 : 0, 5);
    }
  }
  const error = (p: typeof q | Awaited<ReturnType<typeof fitPq>>) =>
    squaredError(x.data, p.dequantize(p.quantize(x)).data);
  const plain = await fitPq("pq:4x16", x, { seed: 2 });
  const parametric = await fitOpq("opq:4x16", x, { seed: 2, rotation: "parametric" });
  expect(error(parametric)).toBeLessThan(error(plain));
  expect(error(q)).toBeLessThan(error(parametric));
  expect(q.spec).toBe("opq:4x16");
  expect(opqFamily.fromState(q.toState()).quantize(x)).toEqual(q.quantize(x));
  expect((await fitOpq("opq:4x16", x, { seed: 2 })).toState()).toEqual(q.toState());
  const state = q.toState();
  const bent = { ...state.tensors, rotation: { data: r.map((v) => v * 1.1), shape: [12, 12] } };
  expect(() => opqFamily.fromState({ ...state, tensors: bent })).toThrow(/orthogonal/);
});

test("bad input, and fewer vectors than words or dimensions", async () => {
  const x = correlated(3, 6, 1);
  const q = await fitOpq("opq:2x4", x);
  expect(squaredError(q.dequantize(q.quantize(x)).data, x.data)).toBeLessThan(1e-6);
  await expect(fitOpq("opq:4x4", x)).rejects.toThrow(/pad/);
  await expect(fitOpq("opq:4", x)).rejects.toThrow(/opq/);
  await expect(fitOpq("opq:2x4", x, { rotation: "no" as never })).rejects.toThrow(/rotation/);
  const zero = { data: new Float32Array(60), shape: [10, 6] as const };
  const z = await fitOpq("opq:2x4", zero);
  expect(squaredError(z.dequantize(z.quantize(zero)).data, zero.data)).toBeLessThan(1e-6);
});
