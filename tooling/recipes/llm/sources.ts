/* The modalities that the model reads and writes, its vocabulary, and where their tokens are. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { factorCodes, Vocabulary } from "@dtok/llm";
import type { ModalitySpec, TrieLike } from "@dtok/llm";
import { Catalogue } from "@dtok/recsys";
import { loadDataset } from "../recsys/items.js";

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, "..", "..", "..");
export const data = join(root, ".data", "llm");
export const runs = join(root, ".runs", "llm");

export type Split = "train" | "test";

/** One kind of sequences. */
export interface Source {
  readonly name: string;
  readonly modality: ModalitySpec;
  /** Grids of a split. */
  count(split: Split): number;
  grid(split: Split, n: number): TokenGrid;
  /** Codes of the tokenizer in a grid, as one alphabet of `alphabet` symbols: what n-grams count. */
  symbols(grid: TokenGrid): Int32Array;
  readonly alphabet: number;
  /** IDs that may be written, where not all may. */
  readonly trie?: TrieLike;
}

/** Levels side by side: code k of level q is k plus the sizes of the levels before. */
function levelled(sizes: readonly number[]) {
  const offsets = sizes.map((_, q) => sizes.slice(0, q).reduce((a, b) => a + b, 0));
  return {
    alphabet: sizes.reduce((a, b) => a + b, 0),
    symbols: ({ codes }: TokenGrid) =>
      codes.data.map((code, i) => code + offsets[i % sizes.length]!),
  };
}

/** Pictures: 16 x 16 codes of 15,360, written as two factors, so that a small model need not hold as many rows. */
function images(): Source | undefined {
  const path = join(data, "image.safetensors");
  if (!existsSync(path)) return undefined;
  const { tensors } = readSafetensors(readFileSync(path));
  const [factors, shape] = [
    [512, 30],
    [16, 16],
  ] as const;
  const id = "image/photo-8x-512x30";
  const codes = (split: Split) => (tensors[split] as { data: Uint16Array }).data;
  return {
    name: "image",
    modality: { id, codebookSizes: factors, axes: 2, layout: "interleaved", extent: shape },
    count: (split) => codes(split).length / 256,
    grid(split, n) {
      const grid: TokenGrid = {
        codes: {
          data: Int32Array.from(codes(split).subarray(n * 256, (n + 1) * 256)),
          shape: [256, 1],
        },
        shape,
        codebookSizes: [15360],
        side: {},
        tokenizer: "image/photo-8x",
      };
      return factorCodes(grid, factors, id);
    },
    alphabet: 15360,
    symbols: (grid) =>
      Int32Array.from(
        { length: 256 },
        (_, i) => grid.codes.data[2 * i]! + 512 * grid.codes.data[2 * i + 1]!,
      ),
  };
}

/** Films that a user took, in their order, by semantic ID; every tenth user is for the test. */
function films(): Source | undefined {
  if (!existsSync(join(root, ".data", "recsys", "ml-latest-small.json"))) return undefined;
  const { items, histories } = loadDataset("ml-latest-small");
  const folder = join(root, "packages", "recsys", "models", "movielens-small");
  const catalogue = Catalogue.load(
    new Uint8Array(readFileSync(join(folder, "catalogue.safetensors"))),
  );
  const sizes = catalogue.codebookSizes;
  const most = Math.floor(510 / sizes.length);
  const windows: Record<Split, number[][]> = { train: [], test: [] };
  for (const [user, history] of histories.entries()) {
    const list = windows[user % 10 === 0 ? "test" : "train"];
    for (let at = 0; at < history.length; at += most) list.push(history.slice(at, at + most));
  }
  const id = "recsys/movielens-small";
  return {
    name: "films",
    modality: { id, codebookSizes: sizes, axes: 1, layout: "items" },
    count: (split) => windows[split].length,
    grid(split, n) {
      const window = windows[split][n]!;
      const codes = new Int32Array(window.length * sizes.length);
      for (const [i, film] of window.entries()) {
        codes.set(catalogue.codesOf(items[film]!.id), i * sizes.length);
      }
      return {
        codes: { data: codes, shape: [window.length, sizes.length] },
        shape: [window.length],
        codebookSizes: sizes,
        side: {},
        tokenizer: id,
      };
    },
    ...levelled(sizes),
    trie: catalogue.trie(),
  };
}

/** Speech and music: 128 frames of the coarsest 4 levels of a residual codec. */
function sounds(): Source | undefined {
  const path = join(data, "sound.safetensors");
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = readSafetensors(readFileSync(path));
  const sizes = JSON.parse(metadata.codebookSizes!) as number[];
  const frames = tensors.train!.shape[1]!;
  const each = frames * sizes.length;
  const codes = (split: Split) => (tensors[split] as { data: Uint16Array }).data;
  // Another tokenizer than the codec's own, since its finer levels are left out.
  const id = `${metadata.tokenizer!}-${sizes.length}`;
  return {
    name: "sound",
    modality: { id, codebookSizes: sizes, axes: 1, layout: "interleaved", extent: [frames] },
    count: (split) => codes(split).length / each,
    grid: (split, n) => ({
      codes: {
        data: Int32Array.from(codes(split).subarray(n * each, (n + 1) * each)),
        shape: [frames, sizes.length],
      },
      shape: [frames],
      codebookSizes: sizes,
      side: {},
      tokenizer: id,
    }),
    ...levelled(sizes),
  };
}

/** All sources whose tokens are there, in the order in which they came: their ids never move. */
export function openSources(): Source[] {
  return [images(), films(), sounds()].filter((source) => source !== undefined);
}

export function vocabularyOf(sources: readonly Source[]): Vocabulary {
  return new Vocabulary({ modalities: sources.map(({ modality }) => modality) });
}
