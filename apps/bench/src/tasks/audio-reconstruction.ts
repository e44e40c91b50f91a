import { statSync } from "node:fs";
import { join } from "node:path";
import { melDistance, readAudio, resample, siSdr, stoi } from "@dtok/audio/node";
import type { AudioSignal, Codec } from "@dtok/core";
import { summariseAll } from "../harness/format.js";
import type { BenchEntry, BenchMetric } from "../harness/format.js";
import { withFfmpeg } from "../harness/ffmpeg.js";
import { sampleFiles } from "../harness/samples.js";
import type { BenchTask, OperatingPoint, Score } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "kbps", name: "kbit/s", better: "less", digits: 2 },
  { key: "mel", name: "mel distance", better: "less", digits: 3 },
  { key: "stoi", name: "STOI", better: "more", digits: 3 },
  { key: "siSdr", name: "SI-SDR, dB", better: "more", digits: 2 },
];

const secondsOf = ({ samples, sampleRate }: AudioSignal) => samples[0]!.length / sampleRate;

const compare = (original: AudioSignal, decoded: AudioSignal, bits: number) => ({
  kbps: bits / secondsOf(original) / 1000,
  mel: melDistance(original, decoded),
  stoi: stoi(original, decoded),
  siSdr: siSdr(original, decoded),
});

/** A residual codec by its levels: all, half, a quarter, one. */
function points({ manifest }: Codec<AudioSignal>): readonly OperatingPoint[] {
  const all = manifest.codebookSizes.length;
  if (all === 1) return [{ label: "" }];
  const counts = [...new Set([all, all >> 1, all >> 2, 1])].filter((n) => n > 0);
  return counts.map((levels) => ({
    label: `${levels} ${levels > 1 ? "levels" : "level"}`,
    levels,
  }));
}

const CODECS = {
  opus: [6, 8, 12, 24].map((k) => [k, "opus", ["-c:a", "libopus", "-b:a", `${k}k`]] as const),
  mp3: [8, 16, 32].map((k) => [k, "mp3", ["-c:a", "libmp3lame", "-b:a", `${k}k`]] as const),
};

/** Opus and MP3 by an installed ffmpeg, whole files with their headers; nothing without one. */
async function references(
  files: readonly string[],
  score: Score<AudioSignal>,
): Promise<BenchEntry[]> {
  const entries: BenchEntry[] = [];
  await withFfmpeg(async (ffmpeg, work) => {
    for (const [name, list] of Object.entries(CODECS)) {
      for (const [kilobits, ending, options] of list) {
        const rows = [];
        for (const file of files) {
          const original = await readAudio(file);
          const coded = join(work, `coded.${ending}`);
          const back = join(work, "back.wav");
          ffmpeg("-i", file, ...options, coded);
          ffmpeg("-i", coded, back);
          const decoded = aligned(original, await readAudio(back));
          rows.push(await score(original, decoded, 8 * statSync(coded).size));
        }
        const values = summariseAll(rows);
        entries.push({ id: `${name} ${kilobits}`, kind: "reference", status: "ok", values });
      }
    }
  });
  return entries;
}

/** The decoded signal at the original's rate, length and place: codecs delay. */
function aligned(original: AudioSignal, decoded: AudioSignal): AudioSignal {
  const { sampleRate } = original;
  const x = original.samples[0]!;
  const same = decoded.sampleRate === sampleRate;
  const y = same
    ? decoded.samples[0]!
    : resample(decoded.samples[0]!, decoded.sampleRate, sampleRate);
  let [best, most] = [0, -Infinity];
  for (let lag = -900; lag <= 1800; lag++) {
    let sum = 0;
    for (let i = 2000; i < x.length - 2000; i += 7) sum += x[i]! * (y[i + lag] ?? 0);
    if (sum > most) [most, best] = [sum, lag];
  }
  return { samples: [x.map((_, i) => y[i + best] ?? 0)], sampleRate };
}

export const audioReconstruction: BenchTask<AudioSignal> = {
  id: "audio/reconstruction",
  title: "Speech: reconstruction of 6 held-out telephone prompts",
  metrics,
  plot: { x: "kbps", y: ["mel", "stoi"] },
  files: () => sampleFiles(".wav"),
  async conformance(files) {
    const { samples, sampleRate } = await readAudio(files[0]!);
    return [
      { samples: [samples[0]!.slice(8000, 20_000)], sampleRate },
      { samples: [samples[0]!.slice(8000, 12_345)], sampleRate: 22_050 },
    ];
  },
  sameExtent: (a, b) =>
    a.sampleRate === b.sampleRate && a.samples[0]!.length === b.samples[0]!.length,
  points,
  signals: (files) => Promise.all(files.map((file) => readAudio(file))),
  compare,
  unit: "seconds",
  amount: secondsOf,
  references,
};
