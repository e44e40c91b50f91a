import { basename, extname, join } from "node:path";
import { saveTokenGrid } from "@dtok/core";
import type { Command } from "commander";
import { bitsPerPixel } from "@dtok/image";
import { readInput, writeOutput } from "../files.js";
import { interruption, printJson, progressBar } from "../output.js";
import { openTokenizer } from "../tokenizer.js";
import { common } from "./common.js";
import type { CommonOptions } from "./common.js";

interface Options extends CommonOptions {
  readonly output?: string;
  readonly outputFolder?: string;
  readonly packing: "integers" | "bits" | "radix";
}

export function addEncode(program: Command): void {
  common(program.command("encode"))
    .description("pictures to token files")
    .argument("<images...>", 'paths, or "-" for standard input')
    .option("-o, --output <file>", 'token file of a single picture, "-" for standard output')
    .option("-d, --output-folder <folder>", "folder for the token files of several pictures")
    .option("--packing <kind>", "integers, bits or radix (smallest)", "integers")
    .addHelpText(
      "after",
      `
Examples:
  dtok encode photo.jpg -o photo.tokens.safetensors
  dtok encode *.jpg -d tokens/ --model photo-16x
  cat photo.jpg | dtok encode - | dtok decode - > back.png`,
    )
    .action(async (images: string[], options: Options, command: Command) => {
      if (images.length > 1 && options.output !== undefined) {
        command.error("error: --output takes one picture; use --output-folder for several");
      }
      const tokenizer = await openTokenizer(options.model, options);
      const bar = await progressBar("encoding", options.json);
      const results: unknown[] = [];
      try {
        for (const [i, path] of images.entries()) {
          const begun = performance.now();
          const input = path === "-" ? await readInput(path) : path;
          const grid = await tokenizer.encode(input, {
            signal: interruption.signal,
            onProgress: (done, total) =>
              bar.update(i + done / total, images.length, basename(path)),
          });
          const target = targetOf(path, options);
          const bytes = saveTokenGrid(grid, { packing: options.packing });
          interruption.signal.throwIfAborted();
          await writeOutput(target, bytes);
          bar.update(i + 1, images.length, basename(path));
          results.push({
            input: path,
            output: target,
            tokenizer: tokenizer.manifest.id,
            grid: grid.shape,
            codes: grid.codes.data.length,
            bitsPerPixel: bitsPerPixel(grid),
            milliseconds: performance.now() - begun,
          });
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

function targetOf(path: string, { output, outputFolder }: Options): string {
  if (output !== undefined) return output;
  const stem = path === "-" ? "stdin" : basename(path, extname(path));
  const name = `${stem}.tokens.safetensors`;
  if (outputFolder !== undefined) return join(outputFolder, name);
  return path === "-" ? "-" : name;
}
