import { mkdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { ArgumentError, FormatError, readNpy, readSafetensors, saveTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import type {
  BlockOptions,
  ModalitySpec,
  Recovery,
  SequenceEvent,
  SequencePart,
  Vocabulary as VocabularyType,
} from "@dtok/llm";
import {
  SequenceParser,
  Vocabulary,
  extendTokenizerJson,
  loadSequence,
  pack,
  saveSequence,
} from "@dtok/llm";
import { Option } from "commander";
import type { Command } from "commander";
import { readInput, writeOutput } from "../files.js";
import { interruption, printJson, progressBar, table, wholeNumber } from "../output.js";
import {
  describe,
  extentOf,
  layoutHelp,
  modalityOf,
  parseModality,
  parsePair,
  readBase,
  readGrids,
  readJson,
  readVocabulary,
} from "./vocabulary.js";

export function addLlm(program: Command): void {
  const llm = program
    .command("llm")
    .description("tokens as sequences of a language model's ids, and back")
    .addHelpText(
      "after",
      `
Examples:
  dtok llm vocab photo.tokens.safetensors --base tokenizer.json -o vocabulary.json
  dtok llm pack ids:464,3797 photo.tokens.safetensors -v vocabulary.json -o seq.safetensors
  dtok llm unpack seq.safetensors -v vocabulary.json -d back/
  dtok llm pack *.tokens.safetensors -v vocabulary.json -o train.parquet --length 2048 --pad 0
  dtok llm inspect vocabulary.json`,
    );
  addVocab(llm);
  addPack(llm);
  addUnpack(llm);
  addInspect(llm);
}

interface VocabFlags {
  readonly base?: string;
  readonly from?: string;
  readonly modality: ModalitySpec[];
  readonly layout: Record<string, string>;
  readonly extent: Record<string, string>;
  readonly tokenizerJson?: string;
  readonly output: string;
  readonly json: boolean;
}

function addVocab(llm: Command): void {
  llm
    .command("vocab")
    .description("build a vocabulary: which id means what")
    .argument("[tokens...]", "token files; each tokenizer in them becomes a modality")
    .option("--base <file or number>", "the base model's tokenizer.json, or its number of ids")
    .option("--from <file>", "go on from this vocabulary: none of its ids moves")
    .option("--modality <id=sizes@axes>", "a modality without a token file", parseModality, [])
    .option("--layout <id=layout>", "how its grids are written, below", parsePair, {})
    .option("--extent <id=extent>", "open, written, or one that all have: 16x16", parsePair, {})
    .option("--tokenizer-json <file>", "write the base's tokenizer.json with the new tokens")
    .requiredOption("-o, --output <file>", 'vocabulary as JSON, "-" for standard output')
    .option("--json", "what was built as JSON", false)
    .addHelpText("after", `\nLayouts:\n${layoutHelp}`)
    .action(async (paths: string[], flags: VocabFlags, command: Command) => {
      if (flags.base !== undefined && flags.from !== undefined) {
        command.error("error: --from has its base already; leave --base out");
      }
      if (flags.tokenizerJson !== undefined && !/\D/.test(flags.base ?? "0")) {
        command.error("error: --tokenizer-json extends a file: pass it as --base");
      }
      const base = await readBase(flags.base ?? "0");
      let vocabulary =
        flags.from === undefined
          ? new Vocabulary({ base: base.size, modalities: [] })
          : await readVocabulary(flags.from);
      const found = [...flags.modality];
      for (const path of paths) {
        for (const grid of await readGrids(path)) found.push(modalityOf(grid, path));
      }
      const known = new Set(vocabulary.modalities.map(({ id }) => id));
      for (const spec of found) {
        if (known.has(spec.id)) continue;
        known.add(spec.id);
        const layout = flags.layout[spec.id] as ModalitySpec["layout"];
        const extent = flags.extent[spec.id];
        vocabulary = vocabulary.with({
          ...spec,
          ...(layout !== undefined && { layout }),
          ...(extent !== undefined && { extent: extentOf(extent) }),
        });
      }
      for (const id of [...Object.keys(flags.layout), ...Object.keys(flags.extent)]) {
        if (!found.some((spec) => spec.id === id)) {
          throw new ArgumentError("--layout, --extent", {
            expected: `one of the new modalities: ${found.map((spec) => spec.id).join(", ") || "none"}`,
            got: id,
            remedy: "Ids of an older vocabulary keep their layout.",
          });
        }
      }
      if (flags.tokenizerJson !== undefined && base.json !== undefined) {
        const extended = extendTokenizerJson(base.json, vocabulary);
        await writeOutput(flags.tokenizerJson, encode(JSON.stringify(extended)));
      }
      await writeOutput(flags.output, encode(`${JSON.stringify(vocabulary, null, 2)}\n`));
      if (flags.output === "-") return;
      await show(vocabulary, flags.json);
    });
}

interface PackFlags {
  readonly vocabulary: string;
  readonly output: string;
  readonly length?: number;
  readonly pad?: number;
  readonly end?: number;
  readonly packing: "whole" | "stream";
  readonly json: boolean;
}

function addPack(llm: Command): void {
  llm
    .command("pack")
    .description("token files and text ids as one sequence, or one each as a training file")
    .argument("<parts...>", "token files, and text as ids:464,3797, in their order")
    .requiredOption("-v, --vocabulary <file>", "of `dtok llm vocab`")
    .requiredOption(
      "-o, --output <file>",
      ".safetensors: one sequence; .jsonl, .npy, .parquet: a sequence per part, for training",
    )
    .option("--length <n>", "training: ids per row (the model's context)", wholeNumber(1))
    .option("--pad <id>", "training: fills rows up; needed with --length", wholeNumber(0))
    .option("--end <id>", "training: behind each sequence", wholeNumber(0))
    .addOption(
      new Option("--packing <how>", "training: rows of whole sequences, or one stream cut")
        .choices(["whole", "stream"])
        .default("whole"),
    )
    .option("--json", "what was written as JSON", false)
    .action(async (parts: string[], flags: PackFlags, command: Command) => {
      const vocabulary = await readVocabulary(flags.vocabulary);
      if ([".jsonl", ".npy", ".parquet"].includes(extname(flags.output))) {
        if ((flags.length === undefined) !== (flags.pad === undefined)) {
          command.error("error: --length and --pad go together");
        }
        await packTraining(parts, vocabulary, flags);
        return;
      }
      if (flags.length !== undefined) {
        command.error("error: --length is for training files: .jsonl, .npy or .parquet");
      }
      const list: SequencePart[] = [];
      for (const part of parts) list.push(...(await readPart(part)));
      const packed = pack(vocabulary, list);
      await writeOutput(flags.output, saveSequence(vocabulary, packed));
      if (flags.output === "-") return;
      const report = { output: flags.output, ids: packed.ids.length, spans: packed.spans };
      if (flags.json) printJson(report);
      else {
        process.stdout.write(`${flags.output}: ${packed.ids.length} ids\n`);
        const rows = packed.spans.map(({ modality, start, end }) => [modality, start, end]);
        process.stdout.write(`${await table(["part", "from", "to"], texts(rows))}\n`);
      }
    });
}

async function packTraining(
  parts: readonly string[],
  vocabulary: VocabularyType,
  flags: PackFlags,
): Promise<void> {
  const { length, pad, end, packing } = flags;
  const blocks: BlockOptions | undefined =
    length !== undefined && pad !== undefined
      ? { length, pad, packing, ...(end !== undefined && { end }) }
      : undefined;
  // Parquet's writer is loaded by the command that needs it, not by every start of dtok.
  const { TrainingFile } = await import("@dtok/llm/node");
  const file = await TrainingFile.create(flags.output, vocabulary, { ...(blocks && { blocks }) });
  const bar = await progressBar("packing", flags.json);
  try {
    for (const [i, part] of parts.entries()) {
      interruption.signal.throwIfAborted();
      for (const piece of await readPart(part)) {
        await file.add(pack(vocabulary, [piece]).ids);
      }
      bar.update(i + 1, parts.length, part);
    }
    const info = await file.commit();
    if (flags.json) printJson({ output: flags.output, ...info });
    else process.stdout.write(`${flags.output}: ${info.rows} rows, ${info.tokens} ids\n`);
  } finally {
    bar.stop();
    await file.discard();
  }
}

async function readPart(part: string): Promise<SequencePart[]> {
  if (!part.startsWith("ids:")) return readGrids(part);
  return [idsOf(part.slice(4), part)];
}

function idsOf(text: string, what: string): number[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const bad = words.find((word) => !/^\d{1,10}$/.test(word));
  if (bad !== undefined) {
    throw new FormatError(what, {
      expected: "ids, whole numbers by commas or spaces",
      got: bad.slice(0, 40),
      remedy: "Encode text by the base model's tokenizer first.",
    });
  }
  return words.map(Number);
}

interface UnpackFlags {
  readonly vocabulary: string;
  readonly outputFolder: string;
  readonly recovery: Recovery;
  readonly maxPositions?: number;
  readonly json: boolean;
}

function addUnpack(llm: Command): void {
  llm
    .command("unpack")
    .description("ids back to token files, one per grid, and text ids")
    .argument(
      "<sequence>",
      '.safetensors of pack, .npy, JSON or text with ids; "-" for standard input',
    )
    .requiredOption("-v, --vocabulary <file>", "of `dtok llm vocab`")
    .option("-d, --output-folder <folder>", "where token files go", ".")
    .addOption(
      new Option(
        "--recovery <how>",
        "ids that cannot stand where they are: fail, leave the span out, or fill it",
      )
        .choices(["strict", "drop", "fill"])
        .default("strict"),
    )
    .option("--max-positions <n>", "largest grid that is accepted", wholeNumber(1))
    .option("--json", "what was found as JSON", false)
    .action(async (path: string, flags: UnpackFlags) => {
      const vocabulary = await readVocabulary(flags.vocabulary);
      const { ids, sides } = await readSequence(path, vocabulary);
      const parser = new SequenceParser(vocabulary, {
        recovery: flags.recovery,
        side: (_grid, i) => sides[i] ?? {},
        ...(flags.maxPositions !== undefined && { maxPositions: flags.maxPositions }),
      });
      const events: SequenceEvent[] = [...parser.push(ids), ...parser.flush()];
      await mkdir(flags.outputFolder, { recursive: true });
      const found: Record<string, unknown>[] = [];
      for (const event of events) {
        interruption.signal.throwIfAborted();
        if (event.type === "text") found.push({ type: "text", ids: [...event.ids] });
        else if (event.type === "dropped") {
          found.push({ type: "dropped", at: event.at, ids: event.count, why: event.error.message });
        } else {
          const { grid, complete } = event;
          const output = join(flags.outputFolder, nameOf(grid, found.length));
          await writeOutput(output, saveTokenGrid(grid));
          found.push({
            type: "grid",
            tokenizer: grid.tokenizer,
            grid: grid.shape,
            complete,
            output,
          });
        }
      }
      if (flags.json) printJson(found);
      else for (const line of found) process.stdout.write(`${lineOf(line)}\n`);
    });
}

function nameOf({ tokenizer = "grid" }: TokenGrid, index: number): string {
  return `${String(index).padStart(3, "0")}-${tokenizer.replaceAll(/[^\w.-]/g, "-")}.tokens.safetensors`;
}

function lineOf(found: Record<string, unknown>): string {
  if (found.type === "text") return `text     ${(found.ids as number[]).join(" ")}`;
  if (found.type === "dropped") {
    return `dropped  ${String(found.ids)} ids at ${String(found.at)}: ${String(found.why)}`;
  }
  const size = (found.grid as number[]).join(" x ");
  const whole = found.complete === true ? "" : ", filled up";
  return `grid     ${String(found.output)} (${size}${whole})`;
}

/** Ids in whichever form they come, with side values where the file has them. */
async function readSequence(
  path: string,
  vocabulary: VocabularyType,
): Promise<{ ids: ArrayLike<number>; sides: readonly TokenGrid["side"][] }> {
  const bytes = await readInput(path);
  // Safetensors begin with the length of a JSON object, .npy with its magic; all else is text.
  if (bytes[8] === 0x7b) return loadSequence(vocabulary, bytes);
  if (bytes[0] === 0x93) {
    const { data, shape } = readNpy(bytes);
    if (shape.length !== 1 || data instanceof BigInt64Array || data instanceof BigUint64Array) {
      throw new FormatError(path, {
        expected: "one sequence, int32 [N]",
        got: `[${shape.join(", ")}]`,
        remedy: "Take a row of the array, as int32.",
      });
    }
    return { ids: data, sides: [] };
  }
  return { ids: idsOf(new TextDecoder().decode(bytes).replaceAll(/[[\]]/g, " "), path), sides: [] };
}

function addInspect(llm: Command): void {
  llm
    .command("inspect")
    .description("a vocabulary's ids, or a sequence's parts with its vocabulary")
    .argument("<file>", "vocabulary.json, or a sequence of `dtok llm pack`")
    .option("-v, --vocabulary <file>", "of the sequence")
    .option("--tokens <n>", "tokens of a sequence to show as text", wholeNumber(0), 24)
    .option("--json", "as JSON", false)
    .action(async (path: string, flags: { vocabulary?: string; tokens: number; json: boolean }) => {
      if (flags.vocabulary === undefined) {
        const bytes = await readInput(path);
        if (bytes[8] === 0x7b && bytes[0] !== 0x7b) {
          const { metadata } = readSafetensors(bytes);
          throw new ArgumentError(path, {
            expected: "a vocabulary, or --vocabulary with the sequence's own",
            got: `a sequence of the vocabulary ${metadata.vocabulary ?? "?"}`,
            remedy: "Pass -v vocabulary.json.",
          });
        }
        await show(Vocabulary.fromJSON(await readJson(path)), flags.json);
        return;
      }
      const vocabulary = await readVocabulary(flags.vocabulary);
      const { ids } = await readSequence(path, vocabulary);
      const parser = new SequenceParser(vocabulary, { recovery: "drop" });
      const events = [...parser.push(ids), ...parser.flush()];
      const report = {
        ids: ids.length,
        parts: events.map((event) =>
          event.type === "text"
            ? { type: "text", ids: event.ids.length }
            : event.type === "grid"
              ? { type: "grid", tokenizer: event.grid.tokenizer, grid: event.grid.shape }
              : { type: "dropped", at: event.at, ids: event.count, why: event.error.message },
        ),
        tokens: Array.from(ids)
          .slice(0, flags.tokens)
          .map((id) => (id < vocabulary.base ? String(id) : tokenOf(vocabulary, id))),
      };
      if (flags.json) {
        printJson(report);
        return;
      }
      const rows = report.parts.map((part) => [
        part.type,
        "grid" in part ? `${part.tokenizer} ${part.grid!.join(" x ")}` : `${part.ids} ids`,
        "why" in part ? String(part.why).slice(0, 90) : "",
      ]);
      process.stdout.write(`${await table(["part", "what", ""], rows)}\n`);
      process.stdout.write(`${report.tokens.join(" ")}${ids.length > flags.tokens ? " …" : ""}\n`);
    });
}

function tokenOf(vocabulary: VocabularyType, id: number): string {
  return id < vocabulary.size ? vocabulary.tokenText(id) : `${id}?`;
}

async function show(vocabulary: VocabularyType, json: boolean): Promise<void> {
  const report = describe(vocabulary);
  if (json) {
    printJson(report);
    return;
  }
  process.stdout.write(
    `${report.ids} ids: ${report.base} of the base, 256 sizes, ${report.modalities.length} modalities; hash ${report.hash}\n`,
  );
  const rows = report.modalities.map(({ id, first, last, codebooks, layout, extent }) => [
    id,
    first,
    last,
    codebooks.join(", "),
    layout,
    typeof extent === "string" ? extent : extent.join(" x "),
  ]);
  process.stdout.write(
    `${await table(["modality", "first id", "last id", "codebooks", "layout", "extent"], texts(rows))}\n`,
  );
}

function texts(rows: readonly (readonly (string | number)[])[]): string[][] {
  return rows.map((row) => row.map(String));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
