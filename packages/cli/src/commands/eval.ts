import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { writeImage } from "@dtok/image";
import type { Command } from "commander";
import { areSounds, DEFAULT_SOUND, evaluateSounds, isSoundModel } from "../audio/index.js";
import { HEAD, roundTrip, sideBySide, tableRow } from "../evaluate.js";
import type { Evaluation } from "../evaluate.js";
import { evalMotions, isMotionFile, MOTION_MODEL } from "../motion/index.js";
import { interruption, printJson, progressBar, table } from "../output.js";
import { openTokenizer } from "../tokenizer.js";
import { areVideos, DEFAULT_VIDEO, evaluateVideos, isVideoModel } from "../video/index.js";
import { common } from "./common.js";
import type { CommonOptions } from "./common.js";

interface Options extends CommonOptions {
  readonly outputFolder?: string;
  readonly unit?: string;
}

export function addEval(program: Command): void {
  common(program.command("eval"))
    .description("how well a tokenizer keeps your pictures, sounds, clips or motions")
    .argument("<files...>", "paths")
    .option(
      "-d, --output-folder <folder>",
      "also write original and reconstruction side by side, or the decoded sound",
    )
    .option("--unit <unit>", "BVH: m, cm, mm, inch, or metres per unit (default: by the size)")
    .addHelpText(
      "after",
      `
Examples:
  dtok eval holiday/*.jpg
  dtok eval talk.mp3
  dtok eval walk.bvh -d compare/
  dtok eval clip.mp4 -d compare/
  dtok eval photo.jpg --model photo-16x -d compare/ --json`,
    )
    .action(async (images: string[], options: Options, command: Command) => {
      if (options.outputFolder !== undefined)
        await mkdir(options.outputFolder, { recursive: true });
      const chosen = command.getOptionValueSource("model") === "cli";
      if (images.every(isMotionFile)) {
        await evalMotions(images, { ...options, model: chosen ? options.model : MOTION_MODEL });
        return;
      }
      const clips = areVideos(images);
      if ((chosen && isVideoModel(options.model)) || clips.includes(true)) {
        if (!chosen && clips.includes(false)) {
          command.error("error: clips and other files together; measure them by two commands");
        }
        await evaluateVideos(images, { ...options, model: chosen ? options.model : DEFAULT_VIDEO });
        return;
      }
      const sounds = await areSounds(images);
      if ((chosen && isSoundModel(options.model)) || sounds.includes(true)) {
        if (sounds.includes(false) && sounds.includes(true)) {
          command.error("error: pictures and sounds together; measure them by two commands");
        }
        const model = chosen ? options.model : DEFAULT_SOUND;
        await evaluateSounds(images, { ...options, model });
        return;
      }
      const tokenizer = await openTokenizer(options.model, options);
      const bar = await progressBar("measuring", options.json);
      const results: Evaluation[] = [];
      try {
        for (const [i, path] of images.entries()) {
          bar.update(i, images.length, basename(path));
          const { original, decoded, evaluation } = await roundTrip(tokenizer, path);
          results.push(evaluation);
          interruption.signal.throwIfAborted();
          if (options.outputFolder !== undefined) {
            const name = `${basename(path, extname(path))}.compare.png`;
            await writeImage(sideBySide(original, decoded), join(options.outputFolder, name));
          }
        }
      } finally {
        bar.stop();
        await tokenizer.close();
      }
      if (options.json) {
        printJson({ tokenizer: tokenizer.manifest.id, results });
        return;
      }
      const rows = results.map((result) => tableRow(result, basename(result.input)));
      process.stdout.write(`${tokenizer.manifest.id}\n${await table(HEAD, rows)}\n`);
    });
}
