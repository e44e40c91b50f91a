/**
 * Measures a tokenizer on sounds that no training saw, beside other codecs in the same run:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/evaluate.ts sound-16k --write
 *   … --python /path/to/python   also PESQ, by measure_pesq.py (pip install pesq numpy)
 *
 * Needs ffmpeg with libopus, libmp3lame and libspeex; c2enc and c2dec for Codec2. Clips of one kind are
 * put end to end, so that a container's header hardly counts; bits are those of the whole file.
 * Writes card.json beside the model and spectrograms.png beside this file.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bitsOf, codebookUsage, Random } from "@dtok/core";
import type { AudioSignal } from "@dtok/core";
import {
  encodeWav,
  loadAudioTokenizer,
  melDistance,
  readAudio,
  resample,
  siSdr,
  stoi,
  toUnits,
  writeWav,
} from "@dtok/audio";
import type { AudioTokenizerName } from "@dtok/audio";
import { writeFileAtomic } from "@dtok/train/node";
import sharp from "sharp";
import type { Clip } from "./fetch.js";
import { spectrogram } from "./spectrogram.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const data = join(root, ".data", "audio");
const RATE = 16_000;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    seconds: { type: "string", default: "100" },
    python: { type: "string" },
    "no-codecs": { type: "boolean", default: false },
  },
});
const name = (positionals[0] ?? "sound-16k") as AudioTokenizerName;
const work = mkdtempSync(join(tmpdir(), "dtok-evaluate-"));

/** About `seconds` of a group's clips end to end, chosen by chance; long pieces give 6 s each. */
function heldOut(group: string, seconds: number): { signal: AudioSignal; clips: Clip[] } {
  const all = JSON.parse(readFileSync(join(data, `${group}.json`), "utf8")) as Clip[];
  const random = new Random(2026);
  const clips = random.shuffle(all.filter(({ length }) => length > 1.5 * RATE));
  const file = openSync(join(data, `${group}.pcm`), "r");
  const parts: Float32Array[] = [];
  const used: Clip[] = [];
  let count = 0;
  for (const clip of clips) {
    if (count >= seconds * RATE) break;
    const length = Math.min(clip.length, 6 * RATE);
    const from = clip.start + random.integer(clip.length - length + 1);
    const pcm = new Int16Array(length);
    readSync(file, pcm, 0, pcm.byteLength, from * 2);
    const samples = Float32Array.from(pcm, (v) => v / 32768);
    if (Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / length) < 0.003) continue;
    parts.push(samples);
    used.push(clip);
    count += length;
  }
  closeSync(file);
  const samples = new Float32Array(count);
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { signal: { samples: [samples], sampleRate: RATE }, clips: used };
}

/** The decoded signal moved to where it fits the reference best (codecs delay), at its length. */
function aligned(reference: AudioSignal, decoded: AudioSignal): AudioSignal {
  const x = reference.samples[0]!;
  const y =
    decoded.sampleRate === RATE
      ? decoded.samples[0]!
      : resample(decoded.samples[0]!, decoded.sampleRate, RATE);
  const span = Math.min(x.length, 8 * RATE);
  let best = 0;
  let most = -Infinity;
  for (let lag = -900; lag <= 900; lag++) {
    let sum = 0;
    for (let i = 1000; i < span - 1000; i += 2) sum += x[i]! * (y[i + lag] ?? 0);
    if (sum > most) [most, best] = [sum, lag];
  }
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = y[i + best] ?? 0;
  return { samples: [out], sampleRate: RATE };
}

const run = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });

interface Row {
  readonly kbps: number;
  readonly siSdr: number;
  readonly melDistance: number;
  readonly stoi: number;
  pesq?: number;
}

type Codec = readonly [who: string, encode: (wav: string) => Promise<[string, number]>];

/** By ffmpeg: the decoded file and the bytes of the encoded one. */
const byFfmpeg =
  (extension: string, options: readonly string[]) =>
  async (wav: string): Promise<[string, number]> => {
    const encoded = join(work, `coded.${extension}`);
    const back = join(work, "back.wav");
    run("ffmpeg", ["-loglevel", "error", "-y", "-i", wav, ...options, encoded]);
    run("ffmpeg", ["-loglevel", "error", "-y", "-i", encoded, "-ar", String(RATE), back]);
    return [back, statSync(encoded).size];
  };

const byCodec2 =
  (mode: string) =>
  async (wav: string): Promise<[string, number]> => {
    const [raw, coded, out, back] = ["in.raw", "coded.c2", "out.raw", "back.wav"].map((file) =>
      join(work, file),
    ) as [string, string, string, string];
    const form = ["-f", "s16le", "-ar", "8000", "-ac", "1"];
    run("ffmpeg", ["-loglevel", "error", "-y", "-i", wav, ...form, raw]);
    run("c2enc", [mode, raw, coded]);
    run("c2dec", [mode, coded, out]);
    run("ffmpeg", ["-loglevel", "error", "-y", ...form, "-i", out, "-ar", String(RATE), back]);
    return [back, statSync(coded).size];
  };

const opus = (kbps: number) =>
  byFfmpeg("opus", ["-c:a", "libopus", "-b:a", `${kbps}k`, "-vbr", "off"]);
const CODECS: readonly Codec[] = values["no-codecs"]
  ? []
  : [
      ["Opus 6 kbit/s", opus(6)],
      ["Opus 8 kbit/s", opus(8)],
      ["Opus 12 kbit/s", opus(12)],
      ["MP3 8 kbit/s", byFfmpeg("mp3", ["-c:a", "libmp3lame", "-b:a", "8k"])],
      ["Speex 6 kbit/s", byFfmpeg("spx", ["-c:a", "libspeex", "-b:a", "6k"])],
      ["Codec2 3.2 kbit/s", byCodec2("3200")],
      ["Codec2 1.3 kbit/s", byCodec2("1300")],
    ];

const tokenizer = await loadAudioTokenizer(name);
const levelCounts =
  tokenizer.manifest.codebookSizes.length > 1
    ? [12, 6, 3, 1]
    : [tokenizer.manifest.codebookSizes.length];
const card: { metric: string; value: number; unit?: string; data: string }[] = [];
const SAY: Record<string, string> = {
  "test-speech": "speech",
  "test-telephone": "telephone prompts",
  "test-music": "music and effects",
};
for (const [group, kind] of Object.entries(SAY)) {
  const { signal, clips } = heldOut(group, Number(values.seconds));
  const length = signal.samples[0]!.length;
  const seconds = length / RATE;
  const packages = [...new Set(clips.map((clip) => clip.package))].toSorted();
  const about = `${kind}: ${seconds.toFixed(0)} s of ${clips.length} held-out clips of ${packages.join(", ")}`;
  const wav = join(work, `${group}.wav`);
  await writeWav(wav, signal);
  const rows: Record<string, Row> = {};
  const decodedBy: Record<string, AudioSignal> = {};
  const measure = async (who: string, decoded: AudioSignal, bits: number) => {
    const row: Row = {
      kbps: bits / seconds / 1000,
      siSdr: siSdr(signal, decoded),
      melDistance: melDistance(signal, decoded),
      stoi: kind === "music and effects" ? Number.NaN : stoi(signal, decoded),
    };
    if (values.python && kind !== "music and effects") {
      const file = join(work, "degraded.wav");
      await writeWav(file, decoded);
      row.pesq = Number(
        execFileSync(values.python, [join(here, "measure_pesq.py"), wav, file], {
          encoding: "utf8",
        }),
      );
    }
    rows[who] = row;
    decodedBy[who] = decoded;
  };
  const begun = performance.now();
  const grid = await tokenizer.encode(signal);
  const middle = performance.now();
  for (const levels of levelCounts) {
    const sound = await tokenizer.decode(grid, { levels });
    // As a file of 16 bits, in which the others come back, too.
    const decoded = await readAudio(encodeWav(sound));
    if (levels === levelCounts[0]) {
      const factors = [middle - begun, performance.now() - middle].map((ms) => ms / 1000 / seconds);
      console.log(`${group}: real-time factors ${factors.map((f) => f.toFixed(3)).join(" + ")}`);
    }
    const bits = (bitsOf(grid).codes * levels) / levelCounts[0]!;
    await measure(`${name}, ${(bits / seconds / 1000).toFixed(1)} kbit/s`, decoded, bits);
  }
  for (const [who, encode] of CODECS) {
    const [back, bytes] = await encode(wav);
    await measure(who, aligned(signal, await readAudio(back)), bytes * 8);
  }
  console.log(about);
  console.table(rows);
  for (const [who, row] of Object.entries(rows)) {
    for (const [metric, value] of Object.entries(row) as [string, number][]) {
      if (!Number.isFinite(value)) continue;
      const units: Record<string, string> = { kbps: "kbit/s", siSdr: "dB" };
      card.push({
        metric: `${who} ${metric}`,
        value: Number(value.toFixed(4)),
        ...(units[metric] !== undefined && { unit: units[metric] }),
        data: about,
      });
    }
  }
  if (tokenizer.manifest.quantizer.startsWith("kmeans:")) {
    const { length: runs } = toUnits(grid).units;
    card.push({
      metric: "frames per run of one unit",
      value: Number((grid.codes.data.length / runs).toFixed(3)),
      data: about,
    });
  }
  const usage = codebookUsage(grid.codes, grid.codebookSizes);
  card.push({
    metric: "share of the codebooks used",
    value: Number(
      (usage.reduce((sum, { usedShare }) => sum + usedShare, 0) / usage.length).toFixed(4),
    ),
    data: about,
  });
  if (values.write) {
    // The first seconds: the original above what came back.
    const shown = [["original", signal] as const, ...Object.entries(decodedBy)].filter(
      ([who]) => !/12 kbit|8 kbit|Speex|1\.3/.test(who),
    );
    const panels = await Promise.all(
      shown.map(([who, { samples }]) => spectrogram(samples[0]!.subarray(0, 8 * RATE), RATE, who)),
    );
    const height = panels.reduce((sum, panel) => sum + panel.height, 0);
    let top = 0;
    const layers = panels.map(({ png, height: each }) => {
      const layer = { input: png, left: 0, top };
      top += each;
      return layer;
    });
    const sheet = await sharp({
      create: { width: panels[0]!.width, height, channels: 3, background: "#fff" },
    })
      .composite(layers)
      .png({ palette: true, colours: 96 })
      .toBuffer();
    writeFileAtomic(join(here, "spectrograms", `${name}.${group.slice(5)}.png`), sheet);
  }
}
await tokenizer.close();
rmSync(work, { recursive: true, force: true });
if (values.write) {
  // A tokenizer that shares another's networks lies beside them.
  const shared = tokenizer.manifest.settings?.folder;
  const models = join(root, "packages", "audio", "models");
  writeFileAtomic(
    typeof shared === "string"
      ? join(models, shared, `${name}.card.json`)
      : join(models, name, "card.json"),
    new TextEncoder().encode(`${JSON.stringify(card, null, 2)}\n`),
  );
}
