import { expect, test } from "vitest";
import { correlated, squaredError } from "../../test/vectors.js";
import { AdditiveCodebooks } from "./additive.js";
import { GroupRvqQuantizer, fitGroupRvq, groupRvqFamily } from "./group-rvq.js";
import { gather } from "./product.js";
import { rvq } from "./rvq.js";

test("by hand: two groups of one number, two levels each, coarse to fine", () => {
  const q = new GroupRvqQuantizer([
    new AdditiveCodebooks(2, 2, 1, Float32Array.of(0, 10, -1, 1)),
    new AdditiveCodebooks(2, 2, 1, Float32Array.of(0, -4, 0, 2)),
  ]);
  // 8.8 -> 10, rest -1.2 -> -1; -1.9 -> 0, rest -1.9 -> 0. Level 1 of both groups comes first.
  const codes = q.quantize({ data: Float32Array.of(8.8, -1.9), shape: [1, 2] });
  expect([...codes.data]).toEqual([1, 0, 0, 0]);
  expect([...q.dequantize(codes).data]).toEqual([9, 0]);
  expect([...q.dequantize(codes, { levels: 2 }).data]).toEqual([10, 0]);
  expect([...q.dequantize(codes, { levels: 3 }).data]).toEqual([9, 0]);
  expect(q.spec).toBe("group-rvq:2x2x2");
});

test.each([1, 4])("each group is RVQ of its coordinates, beam %i", async (beam) => {
  const x = correlated(500, 8, 3);
  const q = await fitGroupRvq(`group-rvq:2x3x8${beam > 1 ? `,beam=${beam}` : ""}`, x, { seed: 4 });
  const codes = q.quantize(x).data;
  const { data: words } = q.toState().tensors["codebook"]!;
  for (let g = 0; g < 2; g++) {
    const part = new Float32Array(500 * 4);
    gather(x.data, 0, 500, 8, g * 4, 4, part);
    const book = (words as Float32Array).slice(g * 3 * 8 * 4, (g + 1) * 3 * 8 * 4);
    const alone = rvq({ data: book, shape: [3, 8, 4] }, { beam });
    const expected = alone.quantize({ data: part, shape: [500, 4] }).data;
    for (let i = 0; i < 500; i++) {
      for (let m = 0; m < 3; m++) expect(codes[i * 6 + m * 2 + g]).toBe(expected[i * 3 + m]);
    }
  }
});

test("every code lowers the error; seeds, states, the short name; equal groups differ", async () => {
  const x = correlated(600, 6, 5);
  const q = await fitGroupRvq("grvq:3x3x8", x, { seed: 2 });
  expect(q.spec).toBe("group-rvq:3x3x8");
  const codes = q.quantize(x);
  let last = squaredError(x.data, new Float32Array(x.data.length));
  for (let levels = 1; levels <= 9; levels++) {
    const error = squaredError(x.data, q.dequantize(codes, { levels }).data);
    expect(error).toBeLessThan(last);
    last = error;
  }
  expect((await fitGroupRvq("group-rvq:3x3x8", x, { seed: 2 })).toState()).toEqual(q.toState());
  expect(groupRvqFamily.fromState(q.toState()).quantize(x)).toEqual(codes);
  const { data, shape } = q.toState().tensors["codebook"]!;
  const again = groupRvqFamily.fromCodebook!(q.spec, { data: data as Float32Array, shape });
  expect(again.quantize(x)).toEqual(codes);
});

test("bad input", async () => {
  const x = correlated(10, 6, 3);
  for (const spec of ["group-rvq:2x2", "group-rvq:0x2x2", "group-rvq:4x2x2", "grvq:2x2x2,beam=0"]) {
    await expect(fitGroupRvq(spec, x)).rejects.toThrow(/rvq/);
  }
  const flat = { data: new Float32Array(16), shape: [2, 2, 4] };
  expect(() => groupRvqFamily.fromCodebook!("group-rvq:2x2x2", flat)).toThrow(/\[2, 2, 2, width\]/);
  const holed = { data: new Float32Array(16).fill(NaN), shape: [2, 2, 2, 2] };
  expect(() => groupRvqFamily.fromCodebook!("group-rvq:2x2x2", holed)).toThrow(/finite/);
});
