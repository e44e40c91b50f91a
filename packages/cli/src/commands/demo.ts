import { mkdir, readdir } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import { ArgumentError, isDtokError, saveTokenGrid } from "@dtok/core";
import { writeImage } from "@dtok/image";
import type { Command } from "commander";
import { HEAD, roundTrip, sideBySide, tableRow } from "../evaluate.js";
import { writeOutput } from "../files.js";
import { EXIT, interruption, table } from "../output.js";
import { openTokenizer } from "../tokenizer.js";

interface Options {
  readonly samples: string;
  readonly output: string;
}

/** What `npm start` runs. */
export function addDemo(program: Command): void {
  program
    .command("demo")
    .description("tokenize a folder of pictures, bring them back, show both")
    .argument("[images...]", "further paths")
    .requiredOption("--samples <folder>", "folder of pictures")
    .requiredOption("--output <folder>", "where comparisons and token files go")
    .action(async (images: string[], options: Options) => {
      const inFolder = (await readdir(options.samples))
        .filter((name) => /\.(jpe?g|png|webp|avif)$/i.test(name))
        .toSorted()
        .map((name) => join(options.samples, name));
      const paths = [...inFolder, ...images];
      if (paths.length === 0) {
        throw new ArgumentError("pictures", {
          expected: "at least one",
          got: `none in ${options.samples}`,
          remedy: "Give paths: npm start -- photo.jpg",
        });
      }
      await mkdir(options.output, { recursive: true });
      const failures: string[] = [];
      const show = (path: string) => relative(process.cwd(), path) || path;
      let example = "";
      for (const model of ["photo-8x", "photo-16x"]) {
        const tokenizer = await openTokenizer(model, { runtime: "auto" });
        const rows: string[][] = [];
        try {
          for (const path of paths) {
            const name = basename(path, extname(path));
            try {
              const { original, decoded, tokens, evaluation } = await roundTrip(tokenizer, path);
              interruption.signal.throwIfAborted();
              await writeImage(
                sideBySide(original, decoded),
                join(options.output, `${name}.${model}.png`),
              );
              const file = join(options.output, `${name}.${model}.tokens.safetensors`);
              await writeOutput(file, saveTokenGrid(tokens));
              example ||= file;
              rows.push(tableRow(evaluation, basename(path)));
            } catch (error) {
              if (!isDtokError(error)) throw error;
              failures.push(`${path}: ${error.message}`);
            }
          }
        } finally {
          await tokenizer.close();
        }
        process.stdout.write(
          `\n${tokenizer.manifest.id}: ${tokenizer.manifest.description}\n${await table(HEAD, rows)}\n`,
        );
      }
      for (const failure of new Set(failures)) process.stderr.write(`error: ${failure}\n`);
      if (failures.length > 0) process.exitCode = EXIT.failed;
      const first = show(paths[0] as string);
      process.stdout.write(`
Original (left) and reconstruction (right) of each picture are in ${show(options.output)}${"/"}

Three commands worth trying next:
  npx dtok inspect ${show(example)}
  npx dtok eval ${first} --model photo-16x
  npx dtok encode ${first} -o photo.tokens.safetensors && npx dtok decode photo.tokens.safetensors -o back.png
`);
    });
}
