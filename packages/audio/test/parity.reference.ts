/** What Node.js makes of the same sounds: `parity.browser.test.ts` compares. */
import { readFileSync } from "node:fs";
import { loadAudioTokenizer, readAudio } from "@dtok/audio/node";
import { NAMES, signal } from "./parity.js";

const answer: Record<string, { codes: number[]; samples: string }> = {};
for (const name of NAMES) {
  const tokenizer = await loadAudioTokenizer(name);
  const grid = await tokenizer.encode(signal());
  const [samples] = (await tokenizer.decode(grid)).samples;
  const bytes = Buffer.from(samples!.buffer, samples!.byteOffset, samples!.byteLength);
  answer[name] = { codes: [...grid.codes.data], samples: bytes.toString("base64") };
  await tokenizer.close();
}
const file = new URL("./fixtures/tone.mp3", import.meta.url);
const { samples, sampleRate } = await readAudio(readFileSync(file));
console.log(
  JSON.stringify({
    answer,
    mp3: { sampleRate, channels: samples.length, length: samples[0]!.length },
  }),
);
