import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { PrvqQuantizer, fitPrvq, prvqFamily } from "./prvq.js";
import { rvq } from "./rvq.js";

test("by hand: level 1 sees x, level 2 sees y, and x is not lost", () => {
  const q = new PrvqQuantizer({
    levels: 2,
    size: 2,
    width: 1,
    dim: 2,
    means: Float32Array.of(1, 0, 0, 0),
    bases: Float32Array.of(1, 0, 0, 1),
    words: Float32Array.of(-2, 4, -3, 3),
  });
  // (4.5, 2): x - 1 = 3.5 -> 4, so (5, 0); left (-0.5, 2): y = 2 -> 3.
  const codes = q.quantize({ data: Float32Array.of(4.5, 2), shape: [1, 2] });
  expect([...codes.data]).toEqual([1, 1]);
  expect([...q.dequantize(codes).data]).toEqual([5, 3]);
  expect([...q.dequantize(codes, { levels: 1 }).data]).toEqual([5, 0]);
  expect(q.spec).toBe("prvq:2x2,dim=1");
});

/** μ + Pᵀ c, as the head of prvq.ts has it. */
function foldedWords(q: PrvqQuantizer, levels: number, size: number, width: number): Float32Array {
  const { tensors } = q.toState();
  const read = (name: string) => tensors[name]!.data as Float32Array;
  const [mean, basis, words] = [read("mean"), read("basis"), read("codebook")];
  const out = new Float32Array(levels * size * q.dim);
  for (let j = 0; j < levels * size; j++) {
    const m = Math.floor(j / size);
    for (let d = 0; d < q.dim; d++) {
      let sum = mean[m * q.dim + d]!;
      for (let w = 0; w < width; w++) {
        sum += words[j * width + w]! * basis[(m * width + w) * q.dim + d]!;
      }
      out[j * q.dim + d] = sum;
    }
  }
  return out;
}

test("the codes of RVQ in all dimensions with the words μ + Pᵀc", async () => {
  const x = correlated(800, 8, 3);
  const q = await fitPrvq("prvq:4x16,dim=3", x, { seed: 1 });
  const plain = rvq({ data: foldedWords(q, 4, 16, 3), shape: [4, 16, 8] });
  const [own, wide] = [q.quantize(x), plain.quantize(x)];
  let different = 0;
  for (let i = 0; i < own.data.length; i++) if (own.data[i] !== wide.data[i]) different++;
  // Equal but for rounding at ties.
  expect(different).toBeLessThan(4);
  const error = squaredError(x.data, q.dequantize(own).data);
  expect(error / squaredError(x.data, plain.dequantize(wide).data)).toBeCloseTo(1, 4);
});

test("energy outside of a projection is coded by later levels; seeds and states", async () => {
  const x = correlated(600, 6, 5);
  const q = await fitPrvq("prvq:6x8,dim=2", x, { seed: 2 });
  const codes = q.quantize(x);
  let last = Infinity;
  for (let levels = 1; levels <= 6; levels++) {
    const error = squaredError(x.data, q.dequantize(codes, { levels }).data);
    expect(error).toBeLessThan(last);
    last = error;
  }
  // The two first directions alone would leave this much.
  const full = await fitPrvq("prvq:6x8,dim=6", x, { seed: 2 });
  expect(squaredError(x.data, full.dequantize(full.quantize(x)).data)).toBeLessThan(2 * last);
  expect((await fitPrvq("prvq:6x8,dim=2", x, { seed: 2 })).toState()).toEqual(q.toState());
  expect(prvqFamily.fromState(q.toState()).quantize(x)).toEqual(codes);
});

test("bad input; a basis that is not orthonormal is refused", async () => {
  const x = correlated(40, 4, 3);
  for (const spec of ["prvq:2x2", "prvq:0x2,dim=2", "prvq:2x2,dim=0", "prvq:2x2,dim=5"]) {
    await expect(fitPrvq(spec, x)).rejects.toThrow(/prvq/);
  }
  const state = (await fitPrvq("prvq:2x2,dim=2", x)).toState();
  const basis = { data: new Float32Array(16).fill(1), shape: [2, 2, 4] };
  expect(() => prvqFamily.fromState({ ...state, tensors: { ...state.tensors, basis } })).toThrow(
    /orthonormal/,
  );
});
