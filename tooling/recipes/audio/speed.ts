/**
 * What a tokenizer costs: processor time per second of sound, and memory over a long recording.
 *
 *   taskset -c 0 npx tsx --conditions=@dtok/source tooling/recipes/audio/speed.ts speech-40hz
 *   … --web           by onnxruntime-web (wasm) in place of onnxruntime-node
 *   … --seconds 3600  an hour; default 60
 *
 * Processor time, so that other work on the machine counts little; under taskset it is the time of one
 * core. The sound is held-out speech as a stream of WAV bytes, decoded piece by piece.
 */
import { createReadStream } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadAudioTokenizer, wavHeader } from "@dtok/audio";
import type { AudioTokenizerName } from "@dtok/audio";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";

const RATE = 16_000;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    web: { type: "boolean", default: false },
    seconds: { type: "string", default: "60" },
  },
});
const name = (positionals[0] ?? "sound-16k") as AudioTokenizerName;
const seconds = Number(values.seconds);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const file = join(root, ".data", "audio", "test-speech.pcm");

async function* wav(length: number): AsyncGenerator<Uint8Array> {
  const frames = length * RATE;
  yield wavHeader({ sampleRate: RATE, channels: 1, frames });
  yield* createReadStream(file, { end: frames * 2 - 1 }) as AsyncIterable<Uint8Array>;
}

const busy = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
let most = 0;
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

const runtime = values.web ? await createWebRuntime() : await createRuntime();
const tokenizer = await loadAudioTokenizer(name, { runtime });
// The first runs compile and allocate.
await tokenizer.decode(await tokenizer.encode(wav(10)));
most = 0;
const report = (what: string, begun: number, sound: number) => {
  const spent = busy() - begun;
  most = Math.max(most, process.memoryUsage.rss());
  console.log(
    `${what}: ${spent.toFixed(1)} s of processor for ${sound} s of sound, factor ${(spent / sound).toFixed(4)}; at most ${megabytes(most)} resident`,
  );
};

for (const length of seconds > 600 ? [60, seconds] : [seconds]) {
  most = 0;
  let begun = busy();
  const grid = await tokenizer.encode(wav(length));
  report("encode", begun, length);
  most = 0;
  begun = busy();
  let samples = 0;
  for await (const piece of tokenizer.decodePieces(grid)) samples += piece.samples[0]!.length;
  if (samples !== length * RATE) throw new Error(`${samples} samples came back`);
  report("decode", begun, length);
}
clearInterval(watch);
await tokenizer.close();
await runtime.close();
