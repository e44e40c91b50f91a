import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, isDtokError, writeSafetensors } from "@dtok/core";
import type { ModelRuntime, Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import {
  cosineSchedule,
  GraphBuilder,
  linearLayer,
  mul,
  reduceMean,
  silu,
  square,
  sub,
  toFloat16,
  Trainer,
} from "@dtok/train";
import { progressLine, saveCheckpoint, trainLoop } from "@dtok/train/node";
import type { LoopProgress } from "@dtok/train/node";
import { exportPhotoModel, photoHalo, photoTraining } from "@dtok/train/presets";
import type { PhotoModelConfig } from "@dtok/train/presets";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let runtime: ModelRuntime;
let folder: string;
beforeAll(async () => {
  runtime = await createRuntime();
  folder = mkdtempSync(join(tmpdir(), "dtok-train-"));
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

/** y = sin-like curve of two inputs, by a small network. */
function model(g: GraphBuilder) {
  const random = createRandom(1);
  const x = g.input("x", [64, 2]);
  const y = g.input("y", [64, 1]);
  const hidden = silu(linearLayer(g, random, "a", x, 16, 2));
  const loss = reduceMean(square(sub(linearLayer(g, random, "b", hidden, 1), y)));
  return { loss, metrics: { twice: mul(loss, 2) } };
}

function batch(step: number): Record<string, Tensor> {
  const random = createRandom(5, step + 1);
  const x = random.fillNormal(new Float32Array(128));
  const y = new Float32Array(64);
  for (let i = 0; i < 64; i++) y[i] = Math.sin(x[2 * i] as number) + 0.5 * (x[2 * i + 1] as number);
  return { x: { data: x, shape: [64, 2] }, y: { data: y, shape: [64, 1] } };
}

const options = { clipNorm: 1, averageDecay: 0.98, weightDecay: 0.01 };

describe("Trainer", () => {
  it("learns, and its averages are near its weights", async () => {
    const trainer = await Trainer.create(runtime, model, options);
    const first = await trainer.run(batch(0), 0.02);
    expect(first.metrics.twice).toBeCloseTo(2 * first.loss, 5);
    let last = first;
    for (let step = 1; step < 300; step++) last = await trainer.run(batch(step), 0.02);
    expect(last.loss).toBeLessThan(first.loss / 20);
    const [weights, averages] = [trainer.parameters({ averaged: false }), trainer.parameters()];
    for (const [name, { data }] of Object.entries(weights)) {
      const other = (averages[name] as Tensor<Float32Array>).data;
      const gap = Math.hypot(...data.map((v, i) => v - (other[i] as number)));
      expect(gap).toBeLessThan(0.3 * Math.hypot(...data) + 0.05);
      expect(gap).toBeGreaterThan(0);
    }
    await trainer.close();
  });

  it("takes Adam's first step by hand: every weight moves by the rate, against its gradient", async () => {
    const trainer = await Trainer.create(runtime, (g) => {
      const w = g.parameter("w", [3], () => Float32Array.of(1, -2, 3));
      return { loss: reduceMean(square(w)) };
    });
    await trainer.run({}, 0.1);
    const { data } = trainer.parameters().w as Tensor<Float32Array>;
    // m / sqrt(v) is the gradient's sign after bias correction.
    expect(data[0]).toBeCloseTo(0.9, 5);
    expect(data[1]).toBeCloseTo(-1.9, 5);
    expect(data[2]).toBeCloseTo(2.9, 5);
    await trainer.close();
  });

  it("names the step that went wrong and keeps the parameters of the one before", async () => {
    const trainer = await Trainer.create(runtime, model, options);
    await trainer.run(batch(0), 0.01);
    const before = trainer.parameters({ averaged: false });
    const bad = batch(1);
    (bad.x as Tensor<Float32Array>).data[7] = Number.NaN;
    const error = await trainer.run(bad, 0.01).catch((reason: unknown) => reason);
    expect(isDtokError(error) && error.code).toBe("value");
    expect(String(error)).toContain("training step 2");
    expect(trainer.parameters({ averaged: false })).toEqual(before);
    expect((await trainer.run(batch(1), 0.01)).loss).toBeGreaterThan(0);
    await trainer.close();
  });

  it("refuses a parameter that the loss does not see", async () => {
    const work = Trainer.create(runtime, (g) => {
      g.parameter("unused", [2], () => new Float32Array(2));
      return { loss: reduceMean(square(g.parameter("w", [2], () => new Float32Array(2)))) };
    });
    await expect(work).rejects.toThrow(/unused/);
  });
});

describe("trainLoop", () => {
  const run = async (checkpoint: string, steps: number, signal?: AbortSignal) => {
    const trainer = await Trainer.create(runtime, model, options);
    const seen: LoopProgress[] = [];
    await trainLoop(trainer, {
      steps,
      schedule: cosineSchedule({ learningRate: 0.01, steps: 40, warmup: 5 }),
      batch,
      samples: 64,
      checkpoint,
      log: `${checkpoint}.jsonl`,
      logEvery: 10,
      onProgress: (p) => seen.push(p),
      ...(signal ? { signal } : {}),
    });
    const state = structuredClone(trainer.state());
    await trainer.close();
    return { state, seen };
  };

  it("resumes to exactly the parameters of an uninterrupted run", async () => {
    const whole = await run(join(folder, "whole"), 40);
    await run(join(folder, "parts"), 17);
    const resumed = await run(join(folder, "parts"), 40);
    expect(resumed.state).toEqual(whole.state);
    expect(whole.seen.map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    expect(progressLine(whole.seen[0] as LoopProgress)).toMatch(/^10\/40 {2}loss .* GFLOP\/s/);
    const lines = readFileSync(join(folder, "whole.jsonl"), "utf8").trim().split("\n");
    expect((JSON.parse(lines[3] as string) as LoopProgress).step).toBe(40);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("stops at once when aborted, with a checkpoint", async () => {
    const stop = new AbortController();
    stop.abort();
    await run(join(folder, "stopped"), 40, stop.signal);
    expect(readFileSync(join(folder, "stopped")).length).toBeGreaterThan(0);
  });

  it("logs each step once, though a run is killed after its last checkpoint", async () => {
    const checkpoint = join(folder, "killed");
    await run(checkpoint, 20);
    // What it logged of steps that no checkpoint holds, the last line cut short.
    const logged = readFileSync(`${checkpoint}.jsonl`, "utf8");
    writeFileSync(`${checkpoint}.jsonl`, `${logged}{"step":30,"loss":1}\n{"step":40,"lo`);
    await run(checkpoint, 40);
    const lines = readFileSync(`${checkpoint}.jsonl`, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as LoopProgress).step)).toEqual([10, 20, 30, 40]);
  });

  it("refuses a checkpoint without its step", async () => {
    const trainer = await Trainer.create(runtime, model, options);
    writeFileSync(join(folder, "stepless"), writeSafetensors(trainer.state(), {}));
    await trainer.close();
    await expect(run(join(folder, "stepless"), 3)).rejects.toThrow(/number of its step/);
  });

  it("refuses a checkpoint of another model, and one cut short", async () => {
    const other = await Trainer.create(runtime, (g) => ({
      loss: reduceMean(square(g.parameter("w", [2], () => Float32Array.of(1, 2)))),
    }));
    saveCheckpoint(other, join(folder, "other"));
    await other.close();
    await expect(run(join(folder, "other"), 3)).rejects.toThrow(/checkpoint array/);
    const bytes = readFileSync(join(folder, "whole"));
    writeFileSync(join(folder, "cut"), bytes.subarray(0, bytes.length - 9));
    await expect(run(join(folder, "cut"), 3)).rejects.toThrow(/expected/);
  });
});

describe("cosineSchedule", () => {
  it("rises linearly, peaks, and ends at its floor", () => {
    const rate = cosineSchedule({ learningRate: 2, steps: 100, warmup: 10, floor: 0.1 });
    expect(rate(0)).toBeCloseTo(0.2);
    expect(rate(10)).toBeCloseTo(2);
    expect(rate(55)).toBeCloseTo(2 * (0.1 + 0.9 * 0.5));
    expect(rate(100)).toBeCloseTo(0.2);
  });
});

describe("toFloat16", () => {
  it("rounds to nearest, ties to even, at every magnitude", () => {
    const cases: [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65520, 0x7c00],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 ** -24, 1],
      [2 ** -25, 0],
      [2 ** -14, 0x0400],
      [Number.POSITIVE_INFINITY, 0x7c00],
    ];
    const data = Float32Array.from(cases, ([value]) => value);
    expect([...toFloat16({ data, shape: [data.length] }).data]).toEqual(
      cases.map(([, bits]) => bits),
    );
  });
});

describe("photo preset", () => {
  const tiny: PhotoModelConfig = {
    stride: 16,
    levels: [5, 4],
    encoderEighth: { width: 8, blocks: 1 },
    encoderSixteenth: { width: 8, blocks: 1 },
    decoderSixteenth: { width: 8, blocks: 1 },
    decoderEighth: { width: 8, blocks: 1 },
    decoderQuarter: { width: 4, blocks: 1 },
  };

  it("trains, exports, and the export takes any size that the stride divides", async () => {
    const trainer = await Trainer.create(
      runtime,
      (g) =>
        photoTraining(g, tiny, {
          batch: 2,
          size: 32,
          seed: 1,
          weights: { squared: 1, absolute: 0.1, structural: 0.1 },
        }),
      { averageDecay: 0.9 },
    );
    const data = new Uint8Array(2 * 32 * 32 * 3).map((_, i) => (i * 7) % 251);
    const pixels = { data, shape: [2, 32, 32, 3] };
    const first = await trainer.run({ pixels }, 5e-3);
    let last = first;
    for (let i = 0; i < 30; i++) last = await trainer.run({ pixels }, 5e-3);
    expect(last.loss).toBeLessThan(first.loss);
    const { encoder, decoder, manifest } = exportPhotoModel(tiny, trainer.state());
    expect(manifest).toMatchObject({
      quantizer: "fsq-atanh:5,4",
      codebookSizes: [20],
      stride: [16, 16],
    });
    const sessions = await Promise.all([runtime.load(encoder), runtime.load(decoder)]);
    const { latents } = await sessions[0].run({
      pixels: { data: new Uint8Array(48 * 80 * 3), shape: [1, 48, 80, 3] },
    });
    expect(latents?.shape).toEqual([1, 3, 5, 2]);
    const back = await sessions[1].run({ latents: latents as Tensor });
    expect(back.pixels?.shape).toEqual([1, 48, 80, 3]);
    expect(back.pixels?.data).toBeInstanceOf(Uint8Array);
    await Promise.all([...sessions.map((session) => session.close()), trainer.close()]);
  });

  it("states its receptive radius: farther pixels change nothing, and nearer ones do", async () => {
    const g = new GraphBuilder();
    photoTraining(g, tiny, {
      batch: 1,
      size: 32,
      seed: 1,
      weights: { squared: 1, absolute: 0, structural: 0 },
    });
    const random = createRandom(2);
    const state: Record<string, Tensor> = {};
    for (const { value, shape, initial } of g.parameters.values()) {
      state[`${value.name}.average`] = {
        data: random.fillNormal(new Float32Array(initial.length), 0.3),
        shape,
      };
    }
    const { encoder } = exportPhotoModel(tiny, state);
    const session = await runtime.load(encoder);
    const run = async (changed: number) => {
      const data = new Uint8Array(16 * 256 * 3).fill(90);
      // One column of pixels.
      for (let y = 0; y < 16; y++)
        data.fill(250, (y * 256 + changed) * 3, (y * 256 + changed) * 3 + 3);
      const { latents } = await session.run({ pixels: { data, shape: [1, 16, 256, 3] } });
      return (latents as Tensor<Float32Array>).data;
    };
    const { encoderHalo } = photoHalo(tiny);
    const cell = 8;
    const at = (data: Float32Array) => data.slice(cell * 2, cell * 2 + 2);
    const far = (cell + 1 + encoderHalo) * 16;
    expect(at(await run(far))).toEqual(at(await run(far + 16)));
    expect(at(await run(far - 16 * encoderHalo))).not.toEqual(at(await run(far + 16)));
    await session.close();
  });
});
