import { Random } from "@dtok/core";
import type { Tensor } from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import { expect, it } from "vitest";
import { Trainer } from "../trainer.js";
import { audioDelay, audioLatents, audioStride, audioTraining, exportAudioModel } from "./audio.js";
import type { AudioModelConfig } from "./audio.js";

const config: AudioModelConfig = {
  sampleRate: 16_000,
  block: 40,
  strides: [4, 2],
  encoder: [8, 12, 16],
  decoder: [8, 12, 16],
  dilations: [1, 3],
  window: 160,
  hears: 160,
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
  const noise = { data: new Float32Array(2 * length), shape: [2, length] };
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) {
    const samples = { data: tones(2, step % 3), shape: [2, length] };
    losses.push((await trainer.run({ samples, noise, levels }, 3e-3)).loss);
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

  // Sound, late by three quarters of the window, is the same in pieces as at once.
  const back = await runtime.load(decoder);
  const decode = async (cuts: readonly number[]) => {
    let past = new Float32Array(decoderState);
    const sound: number[] = [];
    for (const [i, from] of cuts.slice(0, -1).entries()) {
      const to = cuts[i + 1]!;
      const out = await back.run({
        latents: { data: expected.slice(from * 6, to * 6), shape: [1, to - from, 6] },
        state: { data: past, shape: [1, decoderState] },
      });
      expect(out.samples!.shape).toEqual([1, (to - from) * audioStride(config)]);
      sound.push(...(out.samples!.data as Float32Array));
      past = out.next!.data as Float32Array<ArrayBuffer>;
    }
    return sound;
  };
  const atOnce = await decode([0, frames]);
  expect(await decode([0, 2, 7, frames])).toEqual(atOnce);
  expect(audioDelay(config)).toBe(120);
  await runtime.close();
}, 120_000);

it("trains the decoder alone, and gains of 1 change nothing but the delay", async () => {
  const runtime = await createRuntime();
  const random = new Random(2);
  const codebooks: Tensor<Float32Array> = {
    data: random.fillNormal(new Float32Array(2 * 8 * 6)),
    shape: [2, 8, 6],
  };
  const first = await Trainer.create(runtime, (g) =>
    audioTraining(g, config, { batch: 2, frames, seed: 3, codebooks }),
  );
  const initial = first.parameters();
  const options = { batch: 2, frames, seed: 4, codebooks, initial, frozen: "encoder" } as const;
  const trainer = await Trainer.create(runtime, (g) => audioTraining(g, config, options));
  const names = Object.keys(trainer.parameters());
  expect(names.filter((name) => !name.startsWith("dec."))).toEqual([]);
  expect(names).toContain("dec.gain.out.weight");
  const batch = {
    samples: { data: tones(2, 1), shape: [2, length] },
    noise: { data: new Float32Array(2 * length), shape: [2, length] },
    levels: { data: new Float32Array(4).fill(1), shape: [2, 2] },
  };
  const losses: number[] = [];
  for (let step = 0; step < 20; step++) losses.push((await trainer.run(batch, 3e-3)).loss);
  expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);

  // The last layer of the network of gains starts at zero.
  const { window: _, ...plain } = config;
  const all = { ...initial };
  for (let l = 0; l < 2; l++) {
    all[`level.${l}.codebook`] = { data: codebooks.data.slice(l * 48, l * 48 + 48), shape: [8, 6] };
  }
  const latents = random.fillNormal(new Float32Array(frames * 6));
  const sound = async (c: AudioModelConfig) => {
    const { decoder, decoderState } = exportAudioModel(c, all);
    const session = await runtime.load(decoder);
    const out = await session.run({
      latents: { data: latents, shape: [1, frames, 6] },
      state: { data: new Float32Array(decoderState), shape: [1, decoderState] },
    });
    return out.samples!.data as Float32Array;
  };
  const [late, direct] = [await sound(config), await sound(plain)];
  const most = direct.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  for (let i = 120; i < length; i++) {
    expect(Math.abs(late[i]! - direct[i - 120]!)).toBeLessThan(1e-5 * most);
  }
  await runtime.close();
}, 120_000);
