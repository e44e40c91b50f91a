import type { AudioSignal } from "@dtok/core";
import { checkCodec, checkStreamingCodec } from "@dtok/conformance";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { describe, expect, it } from "vitest";
import type { AudioCodec } from "../src/codec/audio-codec.js";
import { folderOf } from "../src/plugins.js";
import { joinAudio } from "../src/signal/audio.js";
import { plugins } from "../src/plugins.js";
import { talk } from "./sounds.js";

const failures = (results: { status: string; name: string; reason?: string }[]) =>
  results.filter(({ status }) => status !== "pass").map(({ name, reason }) => `${name}: ${reason}`);

const runtimes = { node: createRuntime, web: createWebRuntime };
const cases = (Object.keys(plugins) as (keyof typeof plugins)[]).flatMap((name) =>
  (["node", "web"] as const).map((kind) => [name, kind] as const),
);

async function load(name: keyof typeof plugins, kind: keyof typeof runtimes) {
  const runtime = await runtimes[kind]();
  const plugin = plugins[name];
  const base = new URL(`../models/${folderOf(plugin.manifest)}/`, import.meta.url);
  const readFile = createModelReader(base, plugin.manifest);
  const codec = (await plugin.load({ runtime, readFile })) as AudioCodec;
  return { runtime, codec };
}

describe("shipped tokenizers of sound", { timeout: 120_000 }, () => {
  it.each(cases)("%s on the %s runtime does what every tokenizer must", async (name, kind) => {
    const { runtime, codec } = await load(name, kind);
    const none: AudioSignal = { samples: [new Float32Array(0)], sampleRate: 16_000 };
    const stereo = talk(0.3, 44_100);
    const signals = [
      talk(0.5, 16_000),
      { ...stereo, samples: [...stereo.samples, ...stereo.samples] },
      { samples: [Float32Array.of(0.5)], sampleRate: 48_000 },
      none,
    ];
    const results = await checkCodec(codec, signals, {
      // Channels are mixed by default.
      sameExtent: (a, b) =>
        a.sampleRate === b.sampleRate && a.samples[0]!.length === b.samples[0]!.length,
    });
    expect(failures(results)).toEqual([]);
    await runtime.close();
  });

  it.each(cases)("%s on the %s runtime: streams are the whole", async (name, kind) => {
    const { runtime, codec } = await load(name, kind);
    const signal = talk(1.3, 16_000);
    const results = await checkStreamingCodec(codec, signal, {
      split: ({ samples, sampleRate }, size) =>
        Array.from({ length: Math.ceil(samples[0]!.length / size) }, (_, i) => ({
          samples: samples.map((channel) => channel.slice(i * size, (i + 1) * size)),
          sampleRate,
        })),
      join: (pieces) => joinAudio(pieces),
      difference: (a, b) => {
        const [x, y] = [a.samples[0]!, b.samples[0]!];
        if (x.length !== y.length) return Infinity;
        return x.reduce((most, v, i) => Math.max(most, Math.abs(v - y[i]!)), 0);
      },
      sizes: [777, 3001, 20_800],
      tolerance: 0,
    });
    expect(failures(results)).toEqual([]);
    await codec.close();
    await runtime.close();
  });

  it.each(Object.keys(plugins) as (keyof typeof plugins)[])(
    "%s: silence, clipping, 8 channels, 4 kHz and 192 kHz come back with their form",
    async (name) => {
      const { runtime, codec } = await load(name, "node");
      const square = Float32Array.from({ length: 8000 }, (_, i) => (i % 80 < 40 ? 1 : -1));
      const sounds: Record<string, AudioSignal> = {
        silence: { samples: [new Float32Array(8000)], sampleRate: 16_000 },
        clipping: { samples: [square], sampleRate: 16_000 },
        "beyond full scale": { samples: [square.map((v) => 3 * v)], sampleRate: 16_000 },
        "8 channels": {
          samples: Array.from({ length: 8 }, (_, c) => talk(0.2, 16_000, c + 1).samples[0]!),
          sampleRate: 16_000,
        },
        "4 kHz": talk(0.5, 4000),
        "192 kHz": talk(0.2, 192_000),
      };
      for (const [what, signal] of Object.entries(sounds)) {
        const grid = await codec.encode(signal, { channels: "keep" });
        const back = await codec.decode(grid);
        const most = Math.max(
          ...back.samples.map((c) => c.reduce((m, v) => Math.max(m, Math.abs(v)), 0)),
        );
        expect({
          what,
          sampleRate: back.sampleRate,
          lengths: back.samples.map(({ length }) => length),
          // NaN and infinities are not bounded either.
          bounded: most < (what === "silence" ? 0.05 : 8),
        }).toEqual({
          what,
          sampleRate: signal.sampleRate,
          lengths: signal.samples.map(({ length }) => length),
          bounded: true,
        });
      }
      await codec.close();
      await runtime.close();
    },
  );

  it("a stream holds back no more at its end than at its start", async () => {
    const { runtime, codec } = await load("speech-40hz", "node");
    const { samples, sampleRate } = talk(1, 16_000);
    const encoder = codec.encodeStream();
    const decoder = codec.decodeStream({});
    let [pushed, returned, most] = [0, 0, 0];
    const held: number[] = [];
    for (let second = 0; second < 12; second++) {
      for (let at = 0; at < 16_000; at += 4000) {
        const piece = { samples: [samples[0]!.subarray(at, at + 4000)], sampleRate };
        pushed += 4000;
        for (const grid of await encoder.push(piece)) {
          for (const sound of await decoder.push(grid)) returned += sound.samples[0]!.length;
        }
        most = Math.max(most, pushed - returned);
      }
      held.push(most);
    }
    // What is on its way after the first second is the most there ever is.
    expect(held.at(-1)).toBe(held[0]);
    expect(held[0]).toBeLessThan(4 * codec.stride + 4000);
    await codec.close();
    await runtime.close();
  });
});
