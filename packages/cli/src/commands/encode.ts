import { basename, extname, join } from "node:path";
import { saveTokenGrid } from "@dtok/core";
import type { Command } from "commander";
import { bitsPerPixel } from "@dtok/image";
import { InvalidArgumentError, Option } from "commander";
import { areSounds, DEFAULT_SOUND, encodeSounds, isSoundModel } from "../audio/index.js";
import { readInput, writeOutput } from "../files.js";
import { encodeMotions, isMotionModel, isSkeletonFile, MOTION_MODEL } from "../motion/index.js";
import { interruption, printJson, progressBar, wholeNumber } from "../output.js";
import { openTokenizer } from "../tokenizer.js";
import { areVideos, DEFAULT_VIDEO, encodeVideos, isVideoModel } from "../video/index.js";
import { common } from "./common.js";
import type { CommonOptions } from "./common.js";

interface Options extends CommonOptions {
  readonly output?: string;
  readonly outputFolder?: string;
  readonly packing: "integers" | "bits" | "radix";
  readonly bitrate?: number;
  readonly unit?: string;
  readonly levels?: number;
  readonly channels?: "mix" | "keep";
}

export function addEncode(program: Command): void {
  common(program.command("encode"))
    .description("pictures, sounds, clips and motions to token files")
    .argument("<files...>", 'paths, or "-" for standard input')
    .option("-o, --output <file>", 'token file of a single input, "-" for standard output')
    .option("-d, --output-folder <folder>", "folder for the token files of several inputs")
    .option("--packing <kind>", "integers, bits or radix (smallest)", "integers")
    .option("--bitrate <kbit/s>", "sounds: as many levels as fit, e.g. 6", bitsPerSecond)
    .option("--unit <unit>", "BVH: m, cm, mm, inch, or metres per unit (default: by the size)")
    .option("--levels <n>", "sounds: levels to keep, from the coarsest on", wholeNumber(1))
    .addOption(
      new Option("--channels <how>", "sounds: one mixed channel, or codes for each").choices([
        "mix",
        "keep",
      ]),
    )
    .addHelpText(
      "after",
      `
Examples:
  dtok encode photo.jpg -o photo.tokens.safetensors
  dtok encode *.jpg -d tokens/ --model photo-16x
  dtok encode talk.mp3 --bitrate 3
  dtok encode clip.mp4 -o clip.tokens.safetensors
  dtok encode walk.bvh
  cat photo.jpg | dtok encode - | dtok decode - > back.png`,
    )
    .action(async (images: string[], options: Options, command: Command) => {
      if (images.length > 1 && options.output !== undefined) {
        command.error("error: --output takes one input; use --output-folder for several");
      }
      const chosen = command.getOptionValueSource("model") === "cli";
      const clips = areVideos(images);
      if ((chosen && isVideoModel(options.model)) || clips.includes(true)) {
        if (!chosen && clips.includes(false)) {
          command.error("error: clips and other files together; encode them by two commands");
        }
        await encodeVideos(images, { ...options, model: chosen ? options.model : DEFAULT_VIDEO });
        return;
      }
      if ((chosen && isMotionModel(options.model)) || images.some(isSkeletonFile)) {
        if (!chosen && !images.every(isSkeletonFile)) {
          command.error("error: motions and other files together; encode them by two commands");
        }
        soundsOnly(options, command);
        await encodeMotions(images, { ...options, model: chosen ? options.model : MOTION_MODEL });
        return;
      }
      const sounds = await areSounds(images);
      if ((chosen && isSoundModel(options.model)) || sounds.includes(true)) {
        if (sounds.includes(false) && sounds.includes(true)) {
          command.error("error: pictures and sounds together; encode them by two commands");
        }
        await encodeSounds(images, { ...options, model: chosen ? options.model : DEFAULT_SOUND });
        return;
      }
      soundsOnly(options, command);
      if (options.unit !== undefined) command.error("error: --unit is for motions");
      const tokenizer = await openTokenizer(options.model, options);
      const bar = await progressBar("encoding", options.json);
      const results: unknown[] = [];
      try {
        let i = 0;
        let begun = performance.now();
        const grids = tokenizer.encodeEach(inputsOf(images), {
          signal: interruption.signal,
          onProgress: (done, total) =>
            bar.update(i + done / total, images.length, basename(images[i]!)),
        });
        for await (const grid of grids) {
          const path = images[i]!;
          const target = targetOf(path, options);
          const bytes = saveTokenGrid(grid, { packing: options.packing });
          interruption.signal.throwIfAborted();
          await writeOutput(target, bytes);
          bar.update(++i, images.length, basename(path));
          results.push({
            input: path,
            output: target,
            tokenizer: tokenizer.manifest.id,
            grid: grid.shape,
            codes: grid.codes.data.length,
            bitsPerPixel: bitsPerPixel(grid),
            milliseconds: performance.now() - begun,
          });
          begun = performance.now();
        }
      } finally {
        bar.stop();
        await tokenizer.close();
      }
      const piped = results.some((result) => (result as { output: string }).output === "-");
      if (options.json && !piped) printJson(results);
      else if (!piped) {
        for (const { input, output, grid } of results as {
          input: string;
          output: string;
          grid: number[];
        }[]) {
          process.stdout.write(`${input} -> ${output} (${grid.join(" x ")} codes)\n`);
        }
      }
    });
}

async function* inputsOf(paths: readonly string[]) {
  for (const path of paths) yield path === "-" ? await readInput(path) : path;
}

function soundsOnly(options: Options, command: Command): void {
  for (const name of ["bitrate", "levels", "channels"] as const) {
    if (options[name] !== undefined) command.error(`error: --${name} is for sounds`);
  }
}

function bitsPerSecond(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`expected kbit/s above 0, got ${text}`);
  return value * 1000;
}

function targetOf(path: string, { output, outputFolder }: Options): string {
  if (output !== undefined) return output;
  const stem = path === "-" ? "stdin" : basename(path, extname(path));
  const name = `${stem}.tokens.safetensors`;
  if (outputFolder !== undefined) return join(outputFolder, name);
  return path === "-" ? "-" : name;
}
