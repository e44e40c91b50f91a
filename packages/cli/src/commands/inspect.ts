import { stat } from "node:fs/promises";
import {
  bitsOf,
  codebookUsage,
  FormatError,
  readQuantizerState,
  readSafetensors,
  readTokenFile,
} from "@dtok/core";
import { createRuntime } from "@dtok/runtime";
import type { Command } from "commander";
import { readInput } from "../files.js";
import { printJson, table } from "../output.js";
import { readManifest } from "../tokenizer.js";

type Report = Record<string, unknown>;

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .description("what is in a token file, a model (.onnx or folder) or a quantizer")
    .argument("<file>", 'path, or "-" for standard input')
    .option("--json", "as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  dtok inspect photo.tokens.safetensors
  dtok inspect encoder.onnx
  dtok inspect q.safetensors --json`,
    )
    .action(async (path: string, { json }: { json: boolean }) => {
      const report = await inspect(path);
      if (json) {
        printJson(report);
        return;
      }
      process.stdout.write(`${await text(report)}\n`);
    });
}

async function inspect(path: string): Promise<Report> {
  if (path !== "-" && (await stat(path).catch(() => undefined))?.isDirectory()) {
    return { kind: "model folder", ...(await readManifest(path)) };
  }
  const bytes = await readInput(path);
  if (path.endsWith(".onnx")) return inspectModel(bytes);
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata["dtok.format"] !== undefined) return inspectTokens(bytes);
  if (metadata["dtok.kind"] !== undefined) {
    const { kind, version, config } = readQuantizerState(bytes);
    return { kind: "quantizer", family: kind, version, config, tensors: shapes(tensors) };
  }
  throw new FormatError(path, {
    expected: "a token file or a quantizer written by dtok, or an .onnx model",
    got: `safetensors with ${Object.keys(tensors).length} tensors and no dtok metadata`,
    remedy: "Check that this is the file you meant.",
  });
}

function inspectTokens(bytes: Uint8Array): Report {
  const { grids, metadata, packing } = readTokenFile(bytes);
  return {
    kind: "tokens",
    packing,
    metadata,
    grids: grids.map((grid) => {
      const bits = bitsOf(grid);
      return {
        tokenizer: grid.tokenizer ?? null,
        shape: grid.shape,
        codebookSizes: grid.codebookSizes,
        side: grid.side,
        bits: bits.total,
        codebooks: codebookUsage(grid.codes, grid.codebookSizes).map((usage) => ({
          size: usage.size,
          used: usage.used,
          entropyBits: usage.entropy,
          perplexity: usage.perplexity,
        })),
        firstCodes: Array.from(grid.codes.data.subarray(0, 12)),
      };
    }),
  };
}

async function inspectModel(bytes: Uint8Array): Promise<Report> {
  const runtime = await createRuntime();
  const session = await runtime.load(bytes);
  try {
    return { kind: "model", bytes: bytes.length, inputs: session.inputs, outputs: session.outputs };
  } finally {
    await session.close();
    await runtime.close();
  }
}

function shapes(tensors: Readonly<Record<string, { shape: readonly number[] }>>): Report {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

/** Fields of the report one below the other; a list of plain records, as codebooks are, is a table of its own. */
async function text(report: Report): Promise<string> {
  const fields: string[][] = [];
  const tables: { title: string; records: readonly Report[] }[] = [];
  const visit = (value: unknown, path: string) => {
    if (isRecords(value)) tables.push({ title: path, records: value });
    else if (Array.isArray(value) && value.some((item) => typeof item === "object")) {
      for (const [i, item] of value.entries()) visit(item, `${path}[${i}]`);
    } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) visit(inner, path ? `${path}.${key}` : key);
    } else fields.push([path, shown(value)]);
  };
  visit(report, "");
  const parts = [await table(["field", "value"], fields)];
  for (const { title, records } of tables) {
    const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
    const rows = records.map((record, i) => [
      String(i + 1),
      ...keys.map((key) => (record[key] === undefined ? "" : shown(record[key]))),
    ]);
    parts.push(`\n${title}`, await table(["", ...keys], rows));
  }
  return parts.join("\n");
}

function isRecords(value: unknown): value is readonly Report[] {
  const isPlain = (item: unknown) =>
    typeof item !== "object" ||
    item === null ||
    (Array.isArray(item) && item.every((one) => typeof one !== "object"));
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) => typeof item === "object" && !isPlain(item) && Object.values(item).every(isPlain),
    )
  );
}

function shown(value: unknown): string {
  const text = Array.isArray(value)
    ? `[${value.join(", ")}]`
    : typeof value === "number" && !Number.isInteger(value)
      ? value.toFixed(3)
      : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
