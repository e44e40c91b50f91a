import { loadAudioTokenizer, readAudio } from "@dtok/audio/web";
import { commands } from "vitest/browser";
import { expect, test } from "vitest";
import { NAMES, signal } from "./parity.js";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

interface Reference {
  readonly answer: Record<string, { readonly codes: readonly number[]; readonly samples: string }>;
  readonly mp3: { readonly sampleRate: number; readonly channels: number; readonly length: number };
}

test("a browser's tokens and sounds are Node.js' tokens and sounds", async () => {
  const { answer, mp3 } = JSON.parse(
    await commands.runInNode("packages/audio/test/parity.reference.ts"),
  ) as Reference;
  for (const name of NAMES) {
    const { codes, samples } = answer[name]!;
    const tokenizer = await loadAudioTokenizer(name);
    const grid = await tokenizer.encode(signal());
    expect(grid.codes.data.length).toBe(codes.length);
    const differing = codes.filter((code, i) => code !== grid.codes.data[i]).length;
    expect(differing / codes.length, `${name}: codes that differ`).toBeLessThan(0.02);
    // The sound of the same codes.
    const back = await tokenizer.decode({
      ...grid,
      codes: { data: Int32Array.from(codes), shape: grid.codes.shape },
    });
    const bytes = Uint8Array.from(atob(samples), (c) => c.charCodeAt(0));
    const wanted = new Float32Array(bytes.buffer);
    expect(back.samples[0]!.length).toBe(wanted.length);
    const most = wanted.reduce((m, v, i) => Math.max(m, Math.abs(v - back.samples[0]![i]!)), 0);
    expect(most, `${name}: samples that differ`).toBeLessThan(1e-3);
    await tokenizer.close();
  }
  const file = await fetch(new URL("./fixtures/tone.mp3", import.meta.url));
  const sound = await readAudio(await file.blob());
  expect({
    sampleRate: sound.sampleRate,
    channels: sound.samples.length,
    length: sound.samples[0]!.length,
  }).toEqual(mp3);
});

test("a stream in a browser gives the tokens of the whole", async () => {
  const tokenizer = await loadAudioTokenizer("sound-16k");
  const { samples, sampleRate } = signal();
  const whole = await tokenizer.encode({ samples, sampleRate });
  const encoder = tokenizer.encodeStream();
  const codes: number[] = [];
  for (let at = 0; at < samples[0]!.length; at += 4000) {
    const piece = { samples: [samples[0]!.slice(at, at + 4000)], sampleRate };
    for (const grid of await encoder.push(piece)) codes.push(...grid.codes.data);
  }
  for (const grid of await encoder.flush()) codes.push(...grid.codes.data);
  expect(codes).toEqual([...whole.codes.data]);
  await tokenizer.close();
});
