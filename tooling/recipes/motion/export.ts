/**
 * Turns a training run into what ships, measures it on held-out motion beside PCA and key frames at the
 * same bits, and writes the manifest with its card:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/export.ts human-vq
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codebookUsage, parseManifest, readSafetensors, writeSafetensors } from "@dtok/core";
import type { Manifest, Measurement, ModelFile, Tensor } from "@dtok/core";
import {
  FEATURE_FPS,
  MotionCodec,
  footSkating,
  fromFeatures,
  jitter,
  motionErrors,
  startOf,
  toFeatures,
  resample,
} from "@dtok/motion";
import type { MotionErrors, MotionSignal } from "@dtok/motion";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { MOTION_REACH, exportMotionModel } from "@dtok/train/presets";
import { fitPca, keyFrames } from "./baselines.js";
import { clipFeatures, loadClips, runsFolder } from "./data.js";
import type { LoadedClip } from "./data.js";
import { frechet } from "./frechet.js";
import { runs } from "./train.js";

const name = process.argv[2] ?? "";
const run = runs[name];
if (!run) throw new Error(`one of ${Object.keys(runs).join(", ")}`);
const root = join(runsFolder, "..", "..");
const folder = join(root, "packages", "motion", "models", name);
mkdirSync(folder, { recursive: true });
const load = (file: string) => readSafetensors(readFileSync(join(runsFolder, name, file))).tensors;
const scales = load("scale.safetensors");
const made = exportMotionModel(
  run,
  { mean: scales.mean!.data as Float32Array, deviation: scales.deviation!.data as Float32Array },
  load("trained.safetensors") as Record<string, Tensor<Float32Array>>,
);
const files: Record<string, ModelFile> = {};
const contents: Record<string, Uint8Array> = {};
for (const [key, path, bytes] of [
  ["encoder", "encoder.onnx", made.encoder],
  ["decoder", "decoder.onnx", made.decoder],
  ["codebooks", "codebooks.safetensors", writeSafetensors({ codebooks: made.codebooks })],
] as const) {
  writeFileAtomic(join(folder, path), bytes);
  contents[key] = bytes;
  files[key] = {
    path,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

const about: Record<string, { description: string; citation: string; paper: string }> = {
  "human-vq": {
    description: "Human motion, one code of 512 per 0.2 s (45 bits per second).",
    citation: "arXiv:2301.06052",
    paper: "VQ-VAE after T2M-GPT",
  },
  "human-rvq": {
    description: "Human motion, six codes of 512 per 0.2 s, coarse to fine (270 bits per second).",
    citation: "arXiv:2312.00063",
    paper: "residual VQ after MoMask, with quantizer dropout",
  },
  "bodies-rvq": {
    description:
      "Motion of people and four-legged animals over shared codes, four of 512 per 0.2 s (180 bits per second).",
    citation: "arXiv:2410.16623",
    paper: "heads per body over shared layers after MotionGlot",
  },
};
const { description, citation, paper } = about[name]!;
const clips = loadClips();
const minutes = (kind: string) =>
  clips
    .filter(({ split, embodiment }) => split === "train" && embodiment === kind)
    .reduce((sum, { frames }) => sum + frames / 30 / 60, 0);
const amount = run.kinds
  .map((kind) => `${minutes(kind).toFixed(1)} minutes of ${kind}s`)
  .join(", ");
const draft = {
  format: "dtok-manifest-1",
  id: `motion/${name}`,
  modality: "motion",
  version: "0.1.0",
  description,
  quantizer: run.levels === 1 ? "vq:512" : `rvq:${run.levels}x512`,
  codebookSizes: Array<number>(run.levels).fill(run.size),
  stride: [4],
  settings: {
    bodies: run.kinds,
    latent: run.latent,
    encoderReach: MOTION_REACH.encoder,
    decoderReach: MOTION_REACH.decoder,
  },
  files,
  licences: {
    code: "Apache-2.0",
    weights: "CC-BY-SA-3.0",
    data: "0 A.D. (Wildfire Games, CC-BY-SA-3.0), DeepMimic's motions in pybullet (MIT, Zlib), holosoma-retargeting (Apache-2.0), CMU Graphics Lab motion capture (free for all uses)",
  },
  citation,
} satisfies Manifest<"motion">;
parseManifest(draft);

const runtime = await createRuntime();
const codec = await MotionCodec.load(draft as Manifest<"motion">, {
  runtime,
  readFile: async (key) => contents[key]!,
});
const training = clips
  .filter(({ split, embodiment }) => split === "train" && run.kinds.includes(embodiment))
  .map((clip) => clipFeatures(clip));
const bitsPerPatch = 9 * run.levels;
const pca = fitPca(training, bitsPerPatch);

interface Result extends MotionErrors {
  readonly skating: number;
  readonly jitter: number;
}
type Kept = { weight: number; result: Result }[];
const mean = (kept: Kept): Result => {
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  const of = (key: keyof Result) =>
    kept.reduce((sum, { weight, result }) => sum + weight * result[key], 0) / total;
  return {
    mpjpe: of("mpjpe"),
    globalMpjpe: of("globalMpjpe"),
    velocity: of("velocity"),
    acceleration: of("acceleration"),
    skating: of("skating"),
    jitter: of("jitter"),
  };
};

const card: Measurement[] = [];
const rows: string[] = [];
const note = (metric: string, value: number, unit: string, data: string) =>
  card.push({ metric, value: Number(value.toPrecision(4)), ...(unit && { unit }), data });
for (const kind of run.kinds) {
  for (const split of ["test-clip", "test-source"] as const) {
    const held = clips.filter((clip) => clip.split === split && clip.embodiment === kind);
    const kept: Record<"original" | "tokens" | "pca" | "keys", Kept> = {
      original: [],
      tokens: [],
      pca: [],
      keys: [],
    };
    const latents: Record<string, Float32Array[]> = { original: [], tokens: [], pca: [], keys: [] };
    const codes: number[] = [];
    for (const clip of held) await measure(clip, kept, latents, codes);
    const seconds = held.reduce((sum, { frames }) => sum + frames / 30, 0);
    const data = `${held.length} held-out ${split === "test-clip" ? "clips" : "clips of sources never trained on"}, ${kind}, ${seconds.toFixed(0)} s`;
    const table = {
      "the original": kept.original,
      tokens: kept.tokens,
      PCA: kept.pca,
      "key frames": kept.keys,
    };
    for (const [who, list] of Object.entries(table)) {
      const r = mean(list);
      const key =
        who === "PCA"
          ? "pca"
          : who === "key frames"
            ? "keys"
            : who === "tokens"
              ? "tokens"
              : "original";
      const distance = frechet(latents.original!, latents[key]!);
      rows.push(
        `| ${data} | ${who} | ${r.mpjpe.toFixed(1)} | ${r.globalMpjpe.toFixed(1)} | ${r.velocity.toFixed(0)} | ${r.acceleration.toFixed(2)} | ${r.skating.toFixed(3)} | ${r.jitter.toFixed(0)} | ${distance.toFixed(3)} |`,
      );
      if (who === "the original") {
        note("foot skating of the original", r.skating, "m/s", data);
        note("jitter of the original", r.jitter, "m/s^3", data);
        continue;
      }
      const prefix = who === "tokens" ? "" : `${who} at equal bits: `;
      note(`${prefix}MPJPE, roots aligned`, r.mpjpe, "mm", data);
      note(`${prefix}MPJPE, global`, r.globalMpjpe, "mm", data);
      note(`${prefix}velocity error`, r.velocity, "mm/s", data);
      note(`${prefix}acceleration error`, r.acceleration, "m/s^2", data);
      note(`${prefix}foot skating`, r.skating, "m/s", data);
      note(`${prefix}jitter`, r.jitter, "m/s^3", data);
      note(`${prefix}Fréchet distance of the encoder's latents`, distance, "", data);
    }
    const usage = codebookUsage(
      { data: Int32Array.from(codes), shape: [codes.length / run.levels, run.levels] },
      draft.codebookSizes,
    );
    note("share of the first codebook used", usage[0]!.usedShare, "", data);
  }
}

async function measure(
  clip: LoadedClip,
  kept: Record<"original" | "tokens" | "pca" | "keys", Kept>,
  latents: Record<string, Float32Array[]>,
  codes: number[],
): Promise<void> {
  const original = resample(clip.motion, FEATURE_FPS);
  const features = toFeatures(original, clip.embodiment);
  const grid = await codec.encode(original, { embodiment: clip.embodiment });
  codes.push(...grid.codes.data);
  const start = startOf(original);
  const back: Record<"original" | "tokens" | "pca" | "keys", MotionSignal> = {
    original,
    tokens: await codec.decode(grid),
    pca: fromFeatures(pca.code(features), clip.embodiment, start),
    keys: keyFrames(features, start, clip.embodiment, bitsPerPatch * 5),
  };
  const weight = clip.frames;
  for (const [key, motion] of Object.entries(back) as [keyof typeof back, MotionSignal][]) {
    const result = {
      // Half precision of rotations aside, the decoded motion has the original's skeleton and size.
      ...motionErrors(original, motion),
      skating: footSkating(motion, clip.embodiment),
      jitter: jitter(motion),
    };
    kept[key].push({ weight, result });
    const again = toFeatures(motion, clip.embodiment);
    const whole = again.subarray(0, Math.floor(again.length / 137 / 4) * 4 * 137);
    if (whole.length > 0) latents[key]!.push(await codec.latents(whole, clip.embodiment));
  }
}

// Speed: a minute of motion, five times; one thread.
const single = await createRuntime();
const long = clips.filter(
  ({ split, source }) => split === "test-source" && source === "boxing",
)[0]!;
const fast = await MotionCodec.load(draft as Manifest<"motion">, {
  runtime: {
    ...single,
    name: single.name,
    load: (bytes) => single.load(bytes, { threads: 1 }),
    close: () => single.close(),
  },
  readFile: async (key) => contents[key]!,
});
const clock = async (work: () => Promise<unknown>) => {
  let best = Infinity;
  for (let i = 0; i < 6; i++) {
    const begun = performance.now();
    await work();
    best = Math.min(best, performance.now() - begun);
  }
  return long.frames / 30 / (best / 1000);
};
const human = { embodiment: "human" } as const;
const grid = await fast.encode(long.motion, human);
const encodeSpeed = await clock(() => fast.encode(long.motion, human));
const decodeSpeed = await clock(() => fast.decode(grid));
const machine =
  "31 s of boxing at 30 frames per second, one thread of an AMD EPYC shared with other work";
note("encoding, times real time", encodeSpeed, "", machine);
note("decoding, times real time", decodeSpeed, "", machine);
note("codes per second", 5 * run.levels, "", "by construction");
await fast.close();
await single.close();

const manifest = { ...draft, card };
parseManifest(manifest);
const mb = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
writeFileAtomic(
  join(root, "packages", "motion", "src", "tokenizers", `${name}.ts`),
  new TextEncoder().encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/motion/export.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"motion">;\n`,
  ),
);
writeFileAtomic(
  join(folder, "README.md"),
  new TextEncoder().encode(`# motion/${name}

${description} ${paper[0]!.toUpperCase()}${paper.slice(1)} (${citation}), causal and small: ${mb.toFixed(1)} MB.

Trained for minutes on two CPU cores on ${amount} (distinct motion, before mirroring and retiming; people
and animals of 0 A.D. are hand-made and walk on the spot, their ground speed is reconstructed). Held out
by clip, and by source: a boxing capture, and animals that training never saw. At 20 frames per second on
the common skeleton, against PCA of patches of four frames (${pca.components} components of ${pca.bits} bits) and evenly spaced key frames
at the same ${bitsPerPatch * 5} bits per second. The Fréchet distance is that of this tokenizer's own encoder's latents.

| data | what | MPJPE mm | global mm | velocity mm/s | acceleration m/s² | skating m/s | jitter m/s³ | Fréchet |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Encoding runs at ${encodeSpeed.toFixed(0)} and decoding at ${decodeSpeed.toFixed(0)} times real time (${machine}).

Lost: twists of bones about themselves (a head's turning, a forearm's), fingers, faces, bones that change
their length. Paths drift: the root's way is coded relatively.

Weights: CC-BY-SA-3.0, as 0 A.D.'s animations are. Data: ${draft.licences.data}.
`),
);
console.log(
  rows.join("\n"),
  `\n${mb.toFixed(2)} MB, encode ${encodeSpeed.toFixed(0)}x decode ${decodeSpeed.toFixed(0)}x`,
);
await codec.close();
await runtime.close();
