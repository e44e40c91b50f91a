import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { ArgumentError, bitsOf, loadTokenGrid, saveTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import {
  durationOf,
  footSkating,
  frameCount,
  jitter,
  largestSpeed,
  loadMotionTokenizer,
  motionErrors,
  plugins,
  readMotion,
  renderMotionGif,
  renderMotionPage,
  retarget,
  scaledSkeleton,
  spliceGrids,
  writeBvh,
  writeGlb,
} from "@dtok/motion";
import type {
  Embodiment,
  JointNames,
  LengthUnit,
  MotionCodec,
  MotionSignal,
  MotionTokenizerName,
} from "@dtok/motion";
import { createRuntime, createWebRuntime } from "@dtok/runtime";
import { Option } from "commander";
import type { Command } from "commander";
import { readInput, writeOutput } from "../files.js";
import { interruption, printJson, table } from "../output.js";
import { addActions } from "./actions.js";

export const MOTION_MODEL = "human-rvq";
const FILES = [".bvh", ".glb", ".gltf", ".npy", ".json", ".txt"];

export const isMotionFile = (path: string) => FILES.includes(extname(path).toLowerCase());

/** Files that can be nothing else; .npy, .json and .txt are motions only where a command says so. */
export const isSkeletonFile = (path: string) => /\.(bvh|glb|gltf)$/i.test(path);

export const isMotionModel = (name: string) =>
  Object.hasOwn(plugins, name.replace(/^motion\//, ""));

export interface MotionFlags {
  readonly model: string;
  readonly runtime: "auto" | "web";
  readonly json: boolean;
  readonly unit?: string;
  readonly names?: string;
  readonly outputFolder?: string;
}

function motionFlags(command: Command, models = true): Command {
  if (models) {
    command
      .option("-m, --model <name>", `one of ${Object.keys(plugins).join(", ")}`, MOTION_MODEL)
      .addOption(
        new Option("--runtime <kind>", "web runs the WebAssembly build that browsers use")
          .choices(["auto", "web"])
          .default("auto"),
      );
  }
  return command
    .option("--unit <unit>", "BVH: m, cm, mm, inch, or metres per unit (default: by the size)")
    .option("--json", "results as JSON on standard output", false);
}

const unitOf = (text: string | undefined): LengthUnit => {
  if (text === undefined) return "auto";
  const number = Number(text);
  return Number.isFinite(number) ? number : (text as LengthUnit);
};

async function namesOf(path: string | undefined): Promise<JointNames | undefined> {
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(await readInput(path));
  try {
    return JSON.parse(text) as JointNames;
  } catch (error) {
    throw new ArgumentError("--names", {
      expected: 'JSON such as { "left_hip": "Femur_L" }',
      got: (error as Error).message,
      remedy: "Correct the file.",
      cause: error,
    });
  }
}

async function open(model: string, kind: "auto" | "web"): Promise<MotionCodec> {
  const runtime = kind === "web" ? await createWebRuntime() : await createRuntime();
  try {
    const codec = await loadMotionTokenizer(model as MotionTokenizerName, { runtime });
    const close = codec.close.bind(codec);
    codec.close = async () => {
      await close();
      await runtime.close();
    };
    return codec;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

async function writeMotion(path: string, motion: MotionSignal): Promise<void> {
  const kind = extname(path).toLowerCase();
  if (kind === ".bvh") await writeOutput(path, new TextEncoder().encode(writeBvh(motion)));
  else if (kind === ".glb") await writeOutput(path, await writeGlb(motion));
  else if (kind === ".html") {
    const page = renderMotionPage([{ title: basename(path, kind), motion }], basename(path, kind));
    await writeOutput(path, new TextEncoder().encode(page));
  } else if (kind === ".gif") {
    await writeOutput(path, renderMotionGif([{ title: "", motion }]));
  } else {
    throw new ArgumentError(path, {
      expected: "a name that ends in .bvh, .glb, .gif or .html",
      got: kind || "no ending",
      remedy: "Choose one of these; BVH and GLB open in any viewer.",
    });
  }
}

const stem = (path: string) => basename(path).replace(/(\.tokens)?\.[^.]+$/, "");

async function readTokens(path: string): Promise<TokenGrid> {
  return loadTokenGrid(await readInput(path));
}

function modelOf(grid: TokenGrid): string {
  return grid.tokenizer ?? MOTION_MODEL;
}

export function addMotion(program: Command): void {
  const motion = program
    .command("motion")
    .description("motion of people and animals: BVH, GLB, .npy, DeepMimic to tokens and back")
    .addHelpText(
      "after",
      `
Examples:
  dtok motion encode walk.bvh -o walk.tokens.safetensors
  dtok motion decode walk.tokens.safetensors -o back.glb
  dtok motion splice walk.tokens.safetensors@0:2 jump.tokens.safetensors -o both.tokens.safetensors
  dtok motion convert capture.bvh -o capture.glb
  dtok eval walk.bvh -d compare/`,
    );
  motionFlags(motion.command("encode"))
    .description("motions to token files")
    .argument("<motions...>", "paths of .bvh, .glb, .gltf, .npy, DeepMimic .json or .txt")
    .option("-o, --output <file>", "token file of a single motion")
    .option("-d, --output-folder <folder>", "folder for the token files of several")
    .option("--names <file>", "JSON: names of the body's joints to names of the skeleton's")
    .action(encodeMotions);
  motion
    .command("decode")
    .description("a token file to a motion that any viewer plays")
    .argument("<tokens>", "path of a token file")
    .option("-o, --output <file>", ".bvh (default), .glb, .gif or .html")
    .option("--levels <n>", "decode the first levels only", Number)
    .addOption(new Option("--runtime <kind>").choices(["auto", "web"]).default("auto"))
    .option("--json", "results as JSON on standard output", false)
    .action(async (path: string, options: MotionDecodeFlags) =>
      decodeMotion(path, await readTokens(path), options),
    );
  motion
    .command("splice")
    .description("cut tokens of motions and join them to one: file, or file@from:to in seconds")
    .argument("<parts...>", "token files, e.g. walk.tokens.safetensors@0.4:2")
    .requiredOption("-o, --output <file>", "token file, or .bvh, .glb, .gif, .html")
    .option("--json", "results as JSON on standard output", false)
    .action(async (parts: string[], options: { output: string; json: boolean }) => {
      const cuts = await Promise.all(
        parts.map(async (part) => {
          const found = /^(.*)@([\d.]*):([\d.]*)$/.exec(part);
          const grid = await readTokens(found?.[1] ?? part);
          return {
            grid,
            ...(found?.[2] && { from: Number(found[2]) }),
            ...(found?.[3] && { to: Number(found[3]) }),
          };
        }),
      );
      const joined = spliceGrids(cuts);
      const codec = await open(modelOf(joined), "auto");
      try {
        // The seam is no faster than what was joined.
        const speed = largestSpeed(await codec.decode(joined));
        const speeds = await Promise.all(
          cuts.map(async ({ grid }) => largestSpeed(await codec.decode(grid))),
        );
        if (options.output.endsWith(".safetensors"))
          await writeOutput(options.output, saveTokenGrid(joined));
        else await writeMotion(options.output, await codec.decode(joined));
        const seconds = joined.codes.shape[0] / 5;
        const result = {
          output: options.output,
          seconds,
          speed,
          largestOfParts: Math.max(...speeds),
        };
        if (options.json) printJson(result);
        else {
          process.stdout.write(
            `${options.output} (${seconds.toFixed(1)} s; fastest joint ${speed.toFixed(2)} m/s, in the parts ${result.largestOfParts.toFixed(2)} m/s)\n`,
          );
        }
      } finally {
        await codec.close();
      }
    });
  motionFlags(motion.command("convert"), false)
    .description("a motion file to another kind, as it is")
    .argument("<motion>", "path")
    .requiredOption("-o, --output <file>", ".bvh, .glb, .gif or .html")
    .action(async (path: string, options: MotionFlags & { output: string }) => {
      const made = await readMotion(path, { unit: unitOf(options.unit) });
      await writeMotion(options.output, made);
      if (options.json)
        printJson({ input: path, output: options.output, frames: frameCount(made) });
      else process.stdout.write(`${path} -> ${options.output}\n`);
    });
  addActions(motion);
}

/** `dtok encode walk.bvh`, `dtok motion encode`. */
export async function encodeMotions(
  paths: readonly string[],
  options: MotionFlags & { readonly output?: string },
): Promise<void> {
  if (options.output !== undefined && paths.length > 1) {
    throw new ArgumentError("--output", {
      expected: "one motion",
      got: String(paths.length),
      remedy: "Use --output-folder for several.",
    });
  }
  if (options.outputFolder !== undefined) await mkdir(options.outputFolder, { recursive: true });
  const names = await namesOf(options.names);
  const codec = await open(options.model, options.runtime);
  const results = [];
  try {
    for (const path of paths) {
      const signal = await readMotion(path, { unit: unitOf(options.unit) });
      const grid = await codec.encode(signal, {
        signal: interruption.signal,
        ...(names && { names }),
      });
      const target =
        options.output ?? join(options.outputFolder ?? ".", `${stem(path)}.tokens.safetensors`);
      await writeOutput(target, saveTokenGrid(grid));
      const seconds = durationOf(signal);
      const bits = bitsOf(grid).codes / seconds;
      results.push({ input: path, output: target, grid: grid.shape, seconds });
      if (!options.json && target !== "-") {
        process.stdout.write(
          `${path} -> ${target} (${seconds.toFixed(2)} s, ${grid.codes.data.length} codes, ${bits.toFixed(0)} bits/s)\n`,
        );
      }
    }
  } finally {
    await codec.close();
  }
  if (options.json && options.output !== "-") printJson(results);
}

export interface MotionDecodeFlags extends Pick<MotionFlags, "runtime" | "json"> {
  readonly model?: string;
  readonly output?: string;
  readonly levels?: number;
}

/** `dtok decode walk.tokens.safetensors -o back.bvh`, `dtok motion decode`. */
export async function decodeMotion(
  path: string,
  grid: TokenGrid,
  options: MotionDecodeFlags,
): Promise<void> {
  const target = options.output ?? `${stem(path)}.bvh`;
  const codec = await open(options.model ?? modelOf(grid), options.runtime);
  try {
    const made = await codec.decode(grid, {
      signal: interruption.signal,
      ...(options.levels !== undefined && { levels: options.levels }),
    });
    await writeMotion(target, made);
    const frames = frameCount(made);
    if (options.json) printJson({ input: path, output: target, frames, fps: made.fps });
    else process.stdout.write(`${path} -> ${target} (${frames} frames at ${made.fps})\n`);
  } finally {
    await codec.close();
  }
}

/** `dtok eval walk.bvh`: numbers, and original beside reconstruction as GIF and HTML. */
export async function evalMotions(paths: readonly string[], options: MotionFlags): Promise<void> {
  if (options.outputFolder !== undefined) await mkdir(options.outputFolder, { recursive: true });
  const codec = await open(options.model, options.runtime);
  const results = [];
  try {
    for (const path of paths) {
      const signal = await readMotion(path, { unit: unitOf(options.unit) });
      const begun = performance.now();
      const grid = await codec.encode(signal, { signal: interruption.signal });
      const middle = performance.now();
      const decoded = await codec.decode(grid, { signal: interruption.signal });
      const end = performance.now();
      const body = grid.side.body as Embodiment;
      const { motion, scale } = retarget(signal, { embodiment: body });
      const original: MotionSignal = {
        ...motion,
        skeleton: scaledSkeleton(motion.skeleton, scale),
        translation: motion.translation.map((value) => value * scale),
      };
      const seconds = durationOf(signal);
      results.push({
        input: path,
        seconds,
        codes: grid.codes.data.length,
        bitsPerSecond: bitsOf(grid).codes / seconds,
        ...motionErrors(original, decoded),
        skating: [footSkating(original, body), footSkating(decoded, body)],
        jitter: [jitter(original), jitter(decoded)],
        encodeMilliseconds: middle - begun,
        decodeMilliseconds: end - middle,
      });
      if (options.outputFolder !== undefined) {
        const name = join(options.outputFolder, `${stem(path)}.compare`);
        const shown = [
          { title: "original, on the tokenizer's skeleton", motion: original },
          { title: `reconstruction, ${codec.manifest.id}`, motion: decoded },
        ];
        const last = results.at(-1)!;
        const note = `${last.bitsPerSecond.toFixed(0)} bits/s, MPJPE ${last.mpjpe.toFixed(1)} mm (roots aligned), ${last.globalMpjpe.toFixed(1)} mm (global)`;
        const page = renderMotionPage(shown, basename(path), note);
        await writeOutput(`${name}.html`, new TextEncoder().encode(page));
        await writeOutput(`${name}.gif`, renderMotionGif(shown));
      }
    }
  } finally {
    await codec.close();
  }
  if (options.json) {
    printJson({ tokenizer: codec.manifest.id, results });
    return;
  }
  const head = [
    "motion",
    "seconds",
    "codes",
    "bits/s",
    "MPJPE mm",
    "global mm",
    "skating m/s",
    "encode + decode",
  ];
  const rows = results.map((r) => [
    basename(r.input),
    r.seconds.toFixed(2),
    String(r.codes),
    r.bitsPerSecond.toFixed(0),
    r.mpjpe.toFixed(1),
    r.globalMpjpe.toFixed(1),
    `${r.skating[1]!.toFixed(3)} (${r.skating[0]!.toFixed(3)})`,
    `${r.encodeMilliseconds.toFixed(0)} + ${r.decodeMilliseconds.toFixed(0)} ms`,
  ]);
  process.stdout.write(`${codec.manifest.id}\n${await table(head, rows)}\n`);
}
