import { extname } from "node:path";
import {
  ArgumentError,
  FormatError,
  bitsOf,
  loadTokenGrid,
  readNpy,
  saveTokenGrid,
  toFloat32,
  writeNpy,
} from "@dtok/core";
import type { Matrix } from "@dtok/core";
import {
  actionFamilies,
  fitActions,
  loadActionTokenizer,
  parquetColumns,
  readActionColumns,
  readCsvTrajectory,
  readParquetTrajectory,
  csvColumns,
  saveActionTokenizer,
} from "@dtok/motion";
import type { ActionKind } from "@dtok/motion";
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { readInput, writeOutput } from "../files.js";
import { printJson } from "../output.js";

interface Table {
  readonly columns: readonly string[];
  readonly values: Matrix;
}

/** All columns but those left out, or those named, in their order. */
async function readTable(
  path: string,
  columns: readonly string[] | undefined,
  without: readonly string[] = [],
): Promise<Table> {
  const bytes = await readInput(path);
  const kind = extname(path).toLowerCase();
  if (kind === ".npy") {
    const tensor = readNpy(bytes);
    if (tensor.shape.length !== 2) {
      throw new FormatError(path, {
        expected: "an array [T, D]",
        got: `[${tensor.shape.join(", ")}]`,
        remedy: "Save one trajectory a file.",
      });
    }
    const [rows, dim] = tensor.shape as [number, number];
    const names = Array.from({ length: dim }, (_, d) => String(d));
    return { columns: columns ?? names, values: { data: toFloat32(tensor), shape: [rows, dim] } };
  }
  if (kind === ".parquet") {
    const names = columns ?? (await parquetColumns(bytes, path));
    const schema = { rate: 1, columns: pick(names, without) };
    return readParquetTrajectory(bytes, schema, path);
  }
  if (kind !== ".csv" && kind !== ".tsv" && kind !== ".txt") {
    throw new ArgumentError(path, {
      expected: "a name that ends in .csv, .tsv, .txt, .npy or .parquet",
      got: kind || "no ending",
      remedy: "Convert the table to one of these.",
    });
  }
  const text = new TextDecoder().decode(bytes);
  const names = columns ?? csvColumns(text, path);
  return readCsvTrajectory(text, { rate: 1, columns: pick(names, without) }, path);
}

const pick = (names: readonly string[], without: readonly string[]) =>
  names.filter((name) => !without.includes(name)).map((column) => ({ column }));

const list = (text: string) => text.split(",").map((name) => name.trim());

/** "chunk=10,scale=20" to numbers, words where they are none, "0.01:0.99" to pairs. */
function parameters(text: string): Record<string, unknown> {
  return Object.fromEntries(
    list(text).map((part) => {
      const [key, value, ...rest] = part.split("=");
      if (!key || !value || rest.length > 0) {
        throw new InvalidArgumentError("Expected name=value,name=value.");
      }
      const pair = value.split(":").map(Number);
      if (pair.length === 2 && pair.every(Number.isFinite)) return [key, pair];
      return [key, Number.isFinite(Number(value)) ? Number(value) : value];
    }),
  );
}

/** The options of each kind, to refuse misspelt ones. */
const OPTIONS: Readonly<Record<ActionKind, readonly string[]>> = {
  bins: ["bins", "quantiles"],
  fast: ["chunk", "scale", "vocabulary", "quantiles"],
  skills: ["size", "vocabulary", "longest", "seed", "iterations"],
  saq: ["cells", "quantizer", "seed", "iterations"],
  hyperbolic: ["chunk", "quantizer", "seed", "iterations"],
};

export function addActions(motion: Command): void {
  const actions = motion
    .command("actions")
    .description("trajectories of robots (CSV, .npy, Parquet) to tokens and back")
    .addHelpText(
      "after",
      `
Kinds:
${Object.entries(actionFamilies)
  .map(
    ([kind, { what }]) => `  ${kind.padEnd(12)}${what}: ${OPTIONS[kind as ActionKind].join(", ")}`,
  )
  .join("\n")}

Examples:
  dtok motion actions fit fast arm1.csv arm2.csv --without time -o fast.safetensors
  dtok motion actions encode arm3.csv -t fast.safetensors -o arm3.tokens.safetensors
  dtok motion actions decode arm3.tokens.safetensors -t fast.safetensors -o back.csv`,
    );
  actions
    .command("fit")
    .description("fits a tokenizer to trajectories, one a file, all with the same columns")
    .argument("<kind>", Object.keys(actionFamilies).join(", "))
    .argument("<tables...>", "paths of .csv, .npy or .parquet")
    .requiredOption("-o, --output <file>", "the tokenizer, .safetensors")
    .option("--columns <names>", "comma-separated (default: all)", list)
    .option("--without <names>", "columns to leave out, such as the time", list, [])
    .option("--with <options>", "such as chunk=10,scale=20", parameters, {})
    .option("--json", "results as JSON on standard output", false)
    .action(
      async (
        kind: ActionKind,
        paths: string[],
        options: {
          output: string;
          columns?: string[];
          without: string[];
          with: Record<string, unknown>;
          json: boolean;
        },
      ) => {
        const known = Object.hasOwn(OPTIONS, kind) ? OPTIONS[kind] : [];
        const odd = Object.keys(options.with).find((key) => !known.includes(key));
        // An unknown kind is named by fitActions.
        if (odd !== undefined && known.length > 0) {
          throw new ArgumentError(`option ${odd} of ${kind}`, {
            expected: `one of ${known.join(", ")}`,
            got: odd,
            remedy: "Correct --with.",
          });
        }
        const first = await readTable(paths[0]!, options.columns, options.without);
        const tables = [first];
        for (const path of paths.slice(1)) tables.push(await readTable(path, first.columns));
        const values = tables.map((one) => one.values);
        const tokenizer = await fitActions(kind, values, options.with);
        await writeOutput(options.output, saveActionTokenizer(tokenizer, first.columns));
        const rows = values.reduce((sum, { shape }) => sum + shape[0], 0);
        const result = {
          output: options.output,
          kind,
          columns: first.columns,
          rows,
          codebookSizes: tokenizer.codebookSizes,
        };
        if (options.json) printJson(result);
        else {
          process.stdout.write(
            `${options.output} (${kind}, ${rows} rows of ${tokenizer.dim} columns)\n`,
          );
        }
      },
    );
  actions
    .command("encode")
    .description("a trajectory to tokens")
    .argument("<table>", "path of a .csv, .npy or .parquet")
    .requiredOption("-t, --tokenizer <file>", "what `fit` wrote")
    .requiredOption("-o, --output <file>", "token file")
    .option("--json", "results as JSON on standard output", false)
    .action(async (path: string, options: { tokenizer: string; output: string; json: boolean }) => {
      const bytes = await readInput(options.tokenizer);
      const tokenizer = loadActionTokenizer(bytes);
      const { values } = await readTable(path, readActionColumns(bytes));
      const grid = tokenizer.encode(values);
      await writeOutput(options.output, saveTokenGrid(grid));
      const back = tokenizer.decode(grid);
      let square = 0;
      for (const [i, value] of values.data.entries()) square += (value - back.data[i]!) ** 2;
      const result = {
        input: path,
        output: options.output,
        rows: values.shape[0],
        codes: grid.codes.data.length,
        bits: bitsOf(grid).codes,
        rmse: Math.sqrt(square / values.data.length),
      };
      if (options.json) printJson(result);
      else {
        process.stdout.write(
          `${path} -> ${options.output} (${result.rows} rows, ${result.codes} codes, ${result.bits.toFixed(0)} bits, RMSE ${result.rmse.toPrecision(3)})\n`,
        );
      }
    });
  actions
    .command("decode")
    .description("tokens to a trajectory")
    .argument("<tokens>", "path of a token file")
    .requiredOption("-t, --tokenizer <file>", "what `fit` wrote")
    .requiredOption("-o, --output <file>", ".csv or .npy")
    .option("--json", "results as JSON on standard output", false)
    .action(async (path: string, options: { tokenizer: string; output: string; json: boolean }) => {
      const bytes = await readInput(options.tokenizer);
      const { data, shape } = loadActionTokenizer(bytes).decode(
        loadTokenGrid(await readInput(path)),
      );
      const kind = extname(options.output).toLowerCase();
      if (kind === ".npy") await writeOutput(options.output, writeNpy({ data, shape }));
      else if (kind === ".csv") {
        const names =
          readActionColumns(bytes) ?? Array.from({ length: shape[1] }, (_, d) => String(d));
        const lines = [names.join(",")];
        for (let t = 0; t < shape[0]; t++)
          lines.push(data.subarray(t * shape[1], (t + 1) * shape[1]).join(","));
        await writeOutput(options.output, new TextEncoder().encode(`${lines.join("\n")}\n`));
      } else {
        throw new ArgumentError(options.output, {
          expected: "a name that ends in .csv or .npy",
          got: kind || "no ending",
          remedy: "Choose one of these.",
        });
      }
      if (options.json) printJson({ input: path, output: options.output, shape });
      else process.stdout.write(`${path} -> ${options.output} (${shape[0]} rows of ${shape[1]})\n`);
    });
}
