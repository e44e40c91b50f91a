import { createRandom } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { gradients, mul, reduceMean, SparseTable, square, sub, Trainer } from "@dtok/train";
import type { Value } from "@dtok/train";
import { describe, expect, it } from "vitest";

describe("SparseTable", () => {
  it("is Adagrad, worked by hand", () => {
    const table = new SparseTable(2, 1, () => Float32Array.of(5, 1));
    table.step(Int32Array.of(1), Float32Array.of(3), 0.5);
    // 1 - 0.5 * 3 / 3
    expect(table.data[1]).toBeCloseTo(0.5, 6);
    table.step(Int32Array.of(1), Float32Array.of(4), 0.5);
    // 0.5 - 0.5 * 4 / 5
    expect(table.data[1]).toBeCloseTo(0.1, 6);
    expect(table.data[0]).toBe(5);
    // Twice in one step is once by the sum: 5 - 1 * 2 / 2.
    table.step(Int32Array.of(0, 0), Float32Array.of(1.5, 0.5), 1);
    expect(table.data[0]).toBeCloseTo(4, 6);
  });

  it("learns rows through a training graph's gradients", async () => {
    const runtime = await createRuntime();
    const random = createRandom(1);
    const wanted = random.fillNormal(new Float32Array(50 * 4));
    const table = new SparseTable(50, 4, (n) => new Float32Array(n));
    const trainer = await Trainer.create(runtime, (g) => {
      const rows = g.input("rows", [10, 4]);
      const scale = g.parameter("scale", [1], () => Float32Array.of(1));
      const target = g.input("target", [10, 4]);
      const loss = reduceMean(square(sub(mul(rows, scale), target)));
      return { loss, outputs: { rows: gradients(loss, [rows])[0] as Value } };
    });
    const ids = new Int32Array(10);
    const out = new Float32Array(40);
    const target = new Float32Array(40);
    let loss = 0;
    for (let step = 0; step < 300; step++) {
      for (let i = 0; i < 10; i++) ids[i] = random.integer(50);
      for (const [i, id] of ids.entries()) target.set(wanted.subarray(id * 4, id * 4 + 4), i * 4);
      const rows = table.gather(ids, out);
      const result = await trainer.run({ rows, target: { data: target, shape: [10, 4] } }, 0);
      loss = result.loss;
      table.step(ids, (trainer.outputs.rows as Tensor<Float32Array>).data, 0.5);
    }
    expect(loss).toBeLessThan(0.01);
    await trainer.close();
    await runtime.close();
  });

  it("refuses rows that it does not have", () => {
    const table = new SparseTable(2, 1, (n) => new Float32Array(n));
    expect(() => table.gather(Int32Array.of(2), new Float32Array(1))).toThrow(/0 to 1/);
    expect(() => table.gather(Int32Array.of(0), new Float32Array(2))).toThrow(/1 numbers/);
    expect(() => new SparseTable(2, 2, () => new Float32Array(3))).toThrow(/4 initial/);
  });
});
