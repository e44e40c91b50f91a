import type { AudioSignal } from "@dtok/core";
import { checkCodec, checkStreamingCodec } from "@dtok/conformance";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { describe, expect, it } from "vitest";
import type { AudioCodec } from "../src/codec/audio-codec.js";
import { folderOf } from "../src/load-common.js";
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

describe("shipped tokenizers of sound", () => {
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
});
