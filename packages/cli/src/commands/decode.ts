import { basename } from "node:path";
import { loadTokenGrid } from "@dtok/core";
import { encodeImageFile, formatOf } from "@dtok/image";
import { Option } from "commander";
import { decodeSound, isSoundModel } from "../audio/index.js";
import type { Command } from "commander";
import { readInput, writeOutput } from "../files.js";
import { decodeMotion, isMotionModel } from "../motion/index.js";
import { interruption, printJson, progressBar, wholeNumber } from "../output.js";
import { openTokenizer } from "../tokenizer.js";
import { decodeVideo, isVideoModel } from "../video/index.js";
import type { CommonOptions } from "./common.js";

interface Options extends Omit<CommonOptions, "model"> {
  readonly model?: string;
  readonly output?: string;
  readonly levels?: number;
  readonly bits: "16" | "24" | "32";
}

export function addDecode(program: Command): void {
  program
    .command("decode")
    .description("a token file to a picture, a sound, a clip or a motion")
    .argument("<tokens>", 'token file, or "-" for standard input')
    .option(
      "-o, --output <file>",
      'picture (.png, .jpg, .webp, .avif), sound (.wav), clip (.mp4) or motion (.bvh, .glb, .gif, .html); "-" for PNG or WAV on standard output',
    )
    .option("-m, --model <name or folder>", "default: the tokenizer that the file names")
    .addOption(
      new Option("--runtime <kind>", "web runs the WebAssembly build that browsers use")
        .choices(["auto", "web"])
        .default("auto"),
    )
    .option(
      "--levels <n>",
      "sounds and motions: levels to decode by, from the coarsest on",
      wholeNumber(1),
    )
    .addOption(
      new Option("--bits <n>", "sounds: of a WAV sample; 32 is floating point")
        .choices(["16", "24", "32"])
        .default("16"),
    )
    .option("--json", "results as JSON on standard output", false)
    .addHelpText(
      "after",
      `
Examples:
  dtok decode photo.tokens.safetensors -o back.png
  dtok decode clip.tokens.safetensors -o clip-back.mp4
  dtok decode walk.tokens.safetensors -o back.glb
  cat photo.tokens.safetensors | dtok decode - > back.png`,
    )
    .action(async (path: string, options: Options) => {
      const begun = performance.now();
      const grid = loadTokenGrid(await readInput(path));
      if (isVideoModel(options.model ?? "") || grid.tokenizer?.startsWith("video/")) {
        await decodeVideo(path, grid, options);
        return;
      }
      if (isSoundModel(options.model ?? "") || grid.tokenizer?.startsWith("audio/")) {
        const bits = Number(options.bits) as 16 | 24 | 32;
        await decodeSound(path, grid, { ...options, bits });
        return;
      }
      if (isMotionModel(options.model ?? "") || grid.tokenizer?.startsWith("motion/")) {
        await decodeMotion(path, grid, options);
        return;
      }
      const target =
        options.output ??
        (path === "-" ? "-" : `${basename(path).replace(/(\.tokens)?\.safetensors$/, "")}.png`);
      const format = target === "-" ? "png" : formatOf(target);
      const tokenizer = await openTokenizer(options.model ?? grid.tokenizer ?? "photo-8x", options);
      const bar = await progressBar("decoding", options.json);
      try {
        const image = await tokenizer.decode(grid, {
          signal: interruption.signal,
          onProgress: (done, total) => bar.update(done, total),
        });
        const bytes = await encodeImageFile(image, format);
        interruption.signal.throwIfAborted();
        await writeOutput(target, bytes);
        if (target === "-") return;
        const { width, height } = image;
        const milliseconds = performance.now() - begun;
        if (options.json) printJson({ input: path, output: target, width, height, milliseconds });
        else process.stdout.write(`${path} -> ${target} (${width} x ${height} pixels)\n`);
      } finally {
        bar.stop();
        await tokenizer.close();
      }
    });
}
