/* Reading and describing vocabularies and modalities for `dtok llm`. */
import { ArgumentError, FormatError, loadTokenGrids } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { Vocabulary, baseSize, sequenceLayoutGrammars } from "@dtok/llm";
import type { ModalitySpec, SpanExtent, TokenizerJson } from "@dtok/llm";
import { InvalidArgumentError } from "commander";
import { readInput } from "../files.js";

/** JSON of a file, or a typed error that names it. */
export async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readInput(path));
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FormatError(path, {
      expected: "JSON",
      got: (error as Error).message,
      remedy: "Check that it is the file you mean.",
      cause: error,
    });
  }
}

export async function readVocabulary(path: string): Promise<Vocabulary> {
  return Vocabulary.fromJSON(await readJson(path));
}

/** `--base`: a number of ids, or a tokenizer.json. */
export async function readBase(text: string): Promise<{ size: number; json?: TokenizerJson }> {
  if (/^\d+$/.test(text)) return { size: Number(text) };
  const json = (await readJson(text)) as TokenizerJson;
  return { size: baseSize(json), json };
}

/** "image/photo-8x=15360@2": codebook sizes by comma, then axes. */
export function parseModality(text: string, before: ModalitySpec[] = []): ModalitySpec[] {
  const match = /^([^=]+)=(\d+(?:,\d+)*)@([123])$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("expected <id>=<codebook sizes>@<axes>, image/x=1024,1024@2");
  }
  const [, id = "", sizes = "", axes = ""] = match;
  const spec = { id, codebookSizes: sizes.split(",").map(Number), axes: Number(axes) as 1 | 2 | 3 };
  return [...before, spec];
}

/** "<id>=<value>" into a table. */
export function parsePair(text: string, before: Record<string, string> = {}) {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected <id>=<value>");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** "open", "written", or "16x16". */
export function extentOf(text: string): SpanExtent {
  if (text === "open" || text === "written") return text;
  if (/^\d+(x\d+)*$/.test(text)) return text.split("x").map(Number);
  throw new ArgumentError("--extent", {
    expected: "<id>=open, <id>=written, or extents such as <id>=16x16",
    got: text,
    remedy: "Leave it out for the layout's own choice.",
  });
}

/** A modality as a token file's grids say it. */
export function modalityOf(grid: TokenGrid, path: string): ModalitySpec {
  if (grid.tokenizer === undefined) {
    throw new ArgumentError(path, {
      expected: "tokens that name their tokenizer",
      got: "none",
      remedy: "Name it by --modality <id>=<codebook sizes>@<axes>.",
    });
  }
  return {
    id: grid.tokenizer,
    codebookSizes: grid.codebookSizes,
    axes: grid.shape.length as 1 | 2 | 3,
  };
}

export async function readGrids(path: string): Promise<TokenGrid[]> {
  return loadTokenGrids(await readInput(path));
}

/** Ids and layout of each modality, for people and as JSON. */
export function describe(vocabulary: Vocabulary) {
  return {
    hash: vocabulary.hash,
    ids: vocabulary.size,
    base: vocabulary.base,
    sizeTokens: [vocabulary.sizes, vocabulary.sizes + 255],
    modalities: vocabulary.modalities.map((block) => ({
      id: block.id,
      first: block.begin,
      last: block.limit - 1,
      codebooks: block.codebookSizes,
      axes: block.axes,
      layout: block.layout,
      extent: block.extent,
      begin: vocabulary.tokenText(block.begin),
      end: vocabulary.tokenText(block.end),
    })),
  };
}

export const layoutHelp = Object.values(sequenceLayoutGrammars)
  .map((grammar) => `  ${grammar}`)
  .join("\n");
