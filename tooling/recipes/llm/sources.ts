/* The modalities that the model reads and writes, its vocabulary, and its token files. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { factorCodes, Vocabulary } from "@dtok/llm";
import type { ModalitySpec } from "@dtok/llm";

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, "..", "..", "..");
export const data = join(root, ".data", "llm");
export const runs = join(root, ".runs", "llm");

/** One kind of sequences. Codes are factored, so that a small model need not hold 15,360 rows. */
export interface Source {
  readonly name: string;
  /** Tokenizer of the grids. */
  readonly tokenizer: string;
  readonly size: number;
  readonly factors: readonly number[];
  /** Extent of each sequence's grid. */
  readonly shape: readonly number[];
  readonly layout: NonNullable<ModalitySpec["layout"]>;
}

/** In the order in which they came: their ids never move. */
export const SOURCES: readonly Source[] = [
  {
    name: "image",
    tokenizer: "image/photo-8x",
    size: 15360,
    factors: [512, 30],
    shape: [16, 16],
    layout: "interleaved",
  },
];

/** Only those whose tokens were made (`pnpm recipe:llm tokens`). */
export function present(): Source[] {
  return SOURCES.filter(({ name }) => existsSync(join(data, `${name}.safetensors`)));
}

/** Name of a source's factored grids in the vocabulary. */
export const factored = (source: Source) =>
  `${source.tokenizer}-${source.factors.map(String).join("x")}`;

export function vocabularyOf(sources: readonly Source[]): Vocabulary {
  return new Vocabulary({
    modalities: sources.map((source) => ({
      id: factored(source),
      codebookSizes: source.factors,
      axes: source.shape.length as 1 | 2 | 3,
      layout: source.layout,
      extent: source.shape,
    })),
  });
}

/** Codes of a source's sequences, one after another: [N * positions]. */
export function codesOf(source: Source, split: "train" | "test"): Int32Array {
  const { tensors } = readSafetensors(readFileSync(join(data, `${source.name}.safetensors`)));
  const { data: codes } = tensors[split] as { data: Uint16Array };
  return Int32Array.from(codes);
}

export function positions({ shape }: Source): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Sequence n as a grid of the vocabulary. */
export function gridOf(source: Source, codes: Int32Array, n: number): TokenGrid {
  const rows = positions(source);
  const grid: TokenGrid = {
    codes: { data: codes.slice(n * rows, (n + 1) * rows), shape: [rows, 1] },
    shape: source.shape,
    codebookSizes: [source.size],
    side: {},
    tokenizer: source.tokenizer,
  };
  return factorCodes(grid, source.factors, factored(source));
}
