import { createRandom } from "@dtok/core";
import type { Matrix, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { trainRqVae } from "@dtok/train/presets";
import { describe, expect, it } from "vitest";

/** Points around 12 centres, off the origin and at a scale of their own. */
function clouds(rows: number, dim: number): Matrix {
  const random = createRandom(5);
  const centres = random.fillNormal(new Float32Array(12 * dim), 4);
  const data = Float32Array.from({ length: rows * dim }, (_, i) => {
    const row = Math.floor(i / dim);
    return 100 + (centres[(row % 12) * dim + (i % dim)] as number) + random.normal() * 0.4;
  });
  return { data, shape: [rows, dim] };
}

describe("RQ-VAE", () => {
  it("learns codes that bring the vectors back, without collapse", async () => {
    const runtime = await createRuntime();
    const vectors = clouds(400, 12);
    const config = { hidden: [24], latent: 6, levels: 2, size: 16 };
    const seen: number[] = [];
    const model = await trainRqVae(runtime, vectors, config, {
      steps: 400,
      batch: 64,
      learningRate: 3e-3,
      seed: 2,
      onProgress: ({ perplexity }) => seen.push(perplexity.length),
    });
    expect(new Set(seen.slice(0, 100))).toEqual(new Set([0]));
    expect(new Set(seen.slice(100))).toEqual(new Set([2]));
    const encoder = await runtime.load(model.encoder);
    const decoder = await runtime.load(model.decoder);
    const { latents } = await encoder.run({ vectors });
    const z = (latents as Tensor<Float32Array>).data;
    expect(latents?.shape).toEqual([400, 6]);
    const words = model.codebooks.data;
    const sums = new Float32Array(400 * 6);
    const used = [new Set<number>(), new Set<number>()];
    for (let n = 0; n < 400; n++) {
      const left = z.slice(n * 6, n * 6 + 6);
      for (let l = 0; l < 2; l++) {
        const gap = (k: number) =>
          left.reduce((sum, v, d) => sum + (v - (words[(l * 16 + k) * 6 + d] as number)) ** 2, 0);
        const gaps = Array.from({ length: 16 }, (_, k) => gap(k));
        const code = gaps.indexOf(Math.min(...gaps));
        used[l]?.add(code);
        for (let d = 0; d < 6; d++) {
          const word = words[(l * 16 + code) * 6 + d] as number;
          left[d] = (left[d] as number) - word;
          sums[n * 6 + d] = (sums[n * 6 + d] as number) + word;
        }
      }
    }
    const out = await decoder.run({ latents: { data: sums, shape: [400, 6] } });
    const y = (out.vectors as Tensor<Float32Array>).data;
    const error = y.reduce((sum, v, i) => sum + (v - (vectors.data[i] as number)) ** 2, 0);
    const spread = vectors.data.reduce((sum, v) => sum + (v - 100) ** 2, 0);
    expect(error / spread).toBeLessThan(0.1);
    for (const codes of used) expect(codes.size).toBeGreaterThanOrEqual(8);
    await runtime.close();
  });

  it("refuses too few items, bad sizes, and stops when asked to", async () => {
    const runtime = await createRuntime();
    const few = clouds(10, 4);
    await expect(trainRqVae(runtime, few)).rejects.toThrow(/at least 256 items/);
    await expect(trainRqVae(runtime, few, { levels: 0 })).rejects.toThrow(/levels/);
    const stop = new AbortController();
    stop.abort();
    const config = { hidden: [8], latent: 2, levels: 1, size: 4 };
    await expect(trainRqVae(runtime, few, config, { signal: stop.signal })).rejects.toThrow(
      /abort/i,
    );
    await runtime.close();
  });
});
