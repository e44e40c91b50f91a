import { Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { expect, it } from "vitest";
import { Trainer } from "../trainer.js";
import { audioLatents, audioStride, audioTraining, exportAudioModel } from "./audio.js";
import type { AudioModelConfig } from "./audio.js";

const config: AudioModelConfig = {
  sampleRate: 16_000,
  block: 40,
  strides: [4, 2],
  encoder: [8, 12, 16],
  decoder: [8, 12, 16],
  dilations: [1, 3],
  latent: 6,
  quantizer: { kind: "rvq", levels: 2, size: 8 },
};
const frames = 12;
const length = frames * audioStride(config);

function tones(batch: number, seed: number): Float32Array {
  const random = new Random(seed);
  const out = new Float32Array(batch * length);
  for (let b = 0; b < batch; b++) {
    const pitch = 100 + 400 * random.float();
    for (let i = 0; i < length; i++) {
      out[b * length + i] = 0.2 * Math.sin((2 * Math.PI * pitch * i) / 16_000);
    }
  }
  return out;
}

it("learns, and its exported graphs give piece by piece what the training graph gives at once", async () => {
  const runtime = await createRuntime();
  const random = new Random(1);
  const codebooks: Tensor<Float32Array> = {
    data: random.fillNormal(new Float32Array(2 * 8 * 6)),
    shape: [2, 8, 6],
  };
  const trainer = await Trainer.create(runtime, (g) =>
    audioTraining(g, config, { batch: 2, frames, seed: 1, codebooks }),
  );
  const levels = { data: Float32Array.of(1, 1, 1, 0), shape: [2, 2] };
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) {
    const samples = { data: tones(2, step % 3), shape: [2, length] };
    losses.push((await trainer.run({ samples, levels }, 3e-3)).loss);
  }
  expect(Math.min(...losses.slice(-3))).toBeLessThan(0.8 * losses[0]!);

  const trained = trainer.parameters({ averaged: false });
  // To numbers that float16 holds, in which the export keeps kernels.
  const rounded = Object.fromEntries(
    Object.entries(trained).map(([name, { data, shape }]) => [
      name,
      { data: Float32Array.from(data, (v) => Math.round(v * 256) / 256), shape },
    ]),
  );
  const exported = exportAudioModel(config, rounded);
  const { encoder, decoder, encoderState, decoderState } = exported;
  expect(exported.codebooks?.shape).toEqual([2, 8, 6]);
  const x = tones(1, 9);
  const whole = await runtime.load(audioLatents(config, rounded, length, 1));
  const expected = (await whole.run({ samples: { data: x, shape: [1, length] } })).latents!
    .data as Float32Array;
  const pieces = await runtime.load(encoder);
  let state = new Float32Array(encoderState);
  const found: number[] = [];
  for (const [from, to] of [
    [0, 3],
    [3, 5],
    [5, 12],
  ] as const) {
    const stride = audioStride(config);
    const out = await pieces.run({
      samples: { data: x.slice(from * stride, to * stride), shape: [1, (to - from) * stride] },
      state: { data: state, shape: [1, encoderState] },
    });
    found.push(...(out.latents!.data as Float32Array));
    state = out.next!.data as Float32Array<ArrayBuffer>;
  }
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 4);

  const back = await runtime.load(decoder);
  const out = await back.run({
    latents: { data: expected, shape: [1, frames, 6] },
    state: { data: new Float32Array(decoderState), shape: [1, decoderState] },
  });
  expect(out.samples!.shape).toEqual([1, length]);
  expect(out.next!.shape).toEqual([1, decoderState]);
  await runtime.close();
});
