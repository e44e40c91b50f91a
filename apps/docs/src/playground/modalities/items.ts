/** Catalogues: semantic IDs for the rows of a CSV file. */
import { createTokenGrid } from "@dtok/core";
import type { Matrix, Quantizer, TokenGrid } from "@dtok/core";
import {
  Catalogue,
  filmVectors,
  fitHierarchical,
  fitResidual,
  formatId,
  idFamilies,
  levelName,
  loadRecsysTokenizer,
  textFeatures,
} from "@dtok/recsys/web";
import { bitsOf, loadQuantizer, saveQuantizer } from "@dtok/core";
import { parse } from "csv-parse/browser/esm/sync";
import { count, hues, loadOnce, loading, paletteOf, regrid, saved } from "../engine.js";
import type { Coded, Engine, Report } from "../engine.js";
import type { Decoded, Encoded, Held } from "../protocol.js";

const MAX_ITEMS = 20_000;
const KEY = "playground.items";
const BOOKS = "playground.quantizer";

interface Items {
  readonly names: readonly string[];
  readonly vectors: Matrix;
  /** Of films, as recsys/movielens-small takes them. */
  readonly films: Matrix | null;
}

const RESIDUAL = "recsys/residual-k-means";
const TREE = "recsys/hierarchical-k-means";
const FILMS = "recsys/movielens-small";

const films = loadOnce((id: string, report: Report) =>
  loadRecsysTokenizer("movielens-small", { onProgress: loading(id, report) }),
);

class CodedItems implements Coded {
  constructor(
    private readonly grid: TokenGrid,
    private readonly names: readonly string[],
    private readonly quantizer: Quantizer | null,
    /** What the quantizer was given, [N, D]. */
    private readonly vectors: Matrix | null,
    readonly encoded: Encoded,
  ) {}

  private get width(): number {
    return this.grid.codebookSizes.length;
  }

  /** Vectors of codes by their first levels. */
  private decoded(codes: Int32Array, level: number): Matrix | null {
    const { quantizer } = this;
    if (quantizer === null) return null;
    const depth = quantizer.codebookSizes.length;
    const kept = Math.min(level, depth);
    const rows = codes.length / this.width;
    const used = quantizer.prefixDecodable ? kept : depth;
    const data = new Int32Array(rows * used);
    for (let n = 0; n < rows; n++) {
      for (let q = 0; q < used; q++) data[n * used + q] = codes[n * this.width + q]!;
    }
    return quantizer.dequantize(
      { data, shape: [rows, used] },
      used < depth ? { levels: used } : {},
    );
  }

  async decode(codes: Int32Array, asked: number | null): Promise<Decoded> {
    const start = performance.now();
    const level = asked ?? this.width;
    const rows = codes.length / this.width;
    const prefixes = new Set<string>();
    for (let n = 0; n < rows; n++) {
      prefixes.add(codes.subarray(n * this.width, n * this.width + level).join());
    }
    const whole = new Set<string>();
    let shared = 0;
    for (let n = 0; n < rows; n++) {
      const key = codes.subarray(n * this.width, (n + 1) * this.width).join();
      if (whole.has(key)) shared++;
      whole.add(key);
    }
    const back = this.decoded(codes, level);
    const { vectors } = this;
    let error: Float32Array | null = null;
    let relative = 0;
    if (back && vectors) {
      const dim = vectors.shape[1];
      error = new Float32Array(rows);
      const mean = new Float64Array(dim);
      for (let i = 0; i < vectors.data.length; i++) mean[i % dim]! += vectors.data[i]! / rows;
      let [lost, all] = [0, 0];
      for (let n = 0; n < rows; n++) {
        let [own, spread] = [0, 0];
        for (let d = 0; d < dim; d++) {
          own += (vectors.data[n * dim + d]! - back.data[n * dim + d]!) ** 2;
          spread += (vectors.data[n * dim + d]! - mean[d]!) ** 2;
        }
        error[n] = Math.sqrt(own);
        lost += own;
        all += spread;
      }
      relative = all > 0 ? lost / all : 0;
      // Spaces differ between tokenizers: errors are told in units of how far items lie apart.
      const apart = Math.sqrt(all / rows) || 1;
      for (let n = 0; n < rows; n++) error[n] = error[n]! / apart;
      error.sort((a, b) => b - a);
    }
    return {
      media: null,
      facts: [
        { name: "Groups by these levels", value: count(prefixes.size) },
        {
          name: "IDs",
          value: shared === 0 ? "every item has its own" : `${count(shared)} items share another's`,
        },
        ...(error
          ? [{ name: "Lost of the vectors' variance", value: `${(100 * relative).toFixed(1)} %` }]
          : []),
      ],
      error: error
        ? {
            legend: "",
            series: {
              values: error,
              name: "Error of every item's vector over the spread of all, largest first",
              unit: "",
              end: `${count(rows)} items`,
            },
          }
        : null,
      made: `${count(rows)} IDs read`,
      milliseconds: performance.now() - start,
    };
  }

  async describe(codes: Int32Array, at: number, asked: number | null): Promise<Held> {
    const row = Math.floor(at / this.width);
    const q = at % this.width;
    const level = asked ?? this.width;
    const mine = codes.slice(row * this.width, (row + 1) * this.width);
    const suffix = this.quantizer !== null && q >= this.quantizer.codebookSizes.length;
    let under = 0;
    const rows = codes.length / this.width;
    for (let n = 0; n < rows; n++) {
      let same = true;
      for (let l = 0; l <= q && same; l++) same = codes[n * this.width + l] === mine[l];
      if (same) under++;
    }
    const back = this.decoded(mine, level);
    return {
      facts: [
        { name: "ID", value: formatId(mine) },
        {
          name: "Items under this prefix",
          value: `${formatId(mine.subarray(0, q + 1))}: ${count(under)}`,
        },
        ...(suffix
          ? [{ name: "Stands for", value: "a count of the items whose codes are equal" }]
          : []),
      ],
      vector: back && !suffix ? back.data.slice(0, 64) : null,
      prototype: null,
      near:
        back && this.vectors
          ? { says: "Items nearest to what the ID decodes to", rows: this.near(back.data, row) }
          : null,
      star: null,
    };
  }

  private near(vector: Float32Array, self: number) {
    const { data, shape } = this.vectors!;
    const [rows, dim] = shape;
    const distances = new Float32Array(rows);
    for (let n = 0; n < rows; n++) {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += (data[n * dim + d]! - vector[d]!) ** 2;
      distances[n] = sum;
    }
    const best = Array.from({ length: rows }, (_, n) => n)
      .sort((a, b) => distances[a]! - distances[b]!)
      .slice(0, 6);
    const scale = Math.sqrt(distances[best.at(-1)!]! || 1);
    return best.map((n) => ({
      name: n === self ? `${this.names[n]} (itself)` : this.names[n]!,
      share: Math.max(0.04, 1 - 0.9 * (Math.sqrt(distances[n]!) / scale)),
    }));
  }

  save(codes: Int32Array) {
    const books = this.quantizer ? saveQuantizer(this.quantizer) : null;
    return saved(regrid(this.grid, codes), {
      [KEY]: JSON.stringify(this.names),
      ...(books && books.length < 4_000_000 && { [BOOKS]: base64(books) }),
    });
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

function made(
  grid: TokenGrid,
  names: readonly string[],
  quantizer: Quantizer | null,
  vectors: Matrix | null,
  milliseconds: number,
): CodedItems {
  const { codebookSizes } = grid;
  const rows = grid.shape[0]!;
  const width = codebookSizes.length;
  const depth = quantizer?.codebookSizes.length ?? width;
  const palettes = codebookSizes.map((size, q) => {
    if (quantizer === null || q >= depth || !quantizer.prefixDecodable) return hues(size);
    const data = new Int32Array(size * (q + 1));
    for (let k = 0; k < size; k++) data[k * (q + 1) + q] = k;
    const options = q + 1 < depth ? { levels: q + 1 } : {};
    const back = quantizer.dequantize({ data, shape: [size, q + 1] }, options);
    return paletteOf(back.data, quantizer.dim);
  });
  return new CodedItems(grid, names, quantizer, vectors, {
    tokenizer: grid.tokenizer ?? RESIDUAL,
    shape: grid.shape,
    codebookSizes,
    codes: grid.codes.data as Int32Array<ArrayBuffer>,
    palettes,
    paletteOf: palettes.map((_, q) => q),
    codebooks: codebookSizes.map((_, q) => (q < depth ? `level ${levelName(q)}` : "suffix")),
    names,
    facts: [
      { name: "Grid", value: `${count(rows)} items x ${width} tokens` },
      { name: "Vocabulary", value: codebookSizes.map(count).join(" + ") },
      { name: "Size", value: `${(bitsOf(grid).total / rows).toFixed(1)} bits an item` },
    ],
    levels:
      width > 1
        ? {
            name: "Levels that count",
            from: 1,
            to: width,
            says: codebookSizes.map((_, q) =>
              q + 1 === width
                ? `all ${width}: the whole ID`
                : `${q + 1} of ${width}: items in groups`,
            ),
          }
        : null,
    stride: [],
    milliseconds,
  });
}

/** Rows with a head to names and vectors. */
function itemsOf(text: string, name: string): Items & { says: string } {
  let rows: Record<string, string>[];
  try {
    rows = parse(text, {
      columns: true,
      bom: true,
      skip_empty_lines: true,
      trim: true,
      delimiter: /\.tsv$/i.test(name) ? "\t" : [",", ";"],
    });
  } catch (error) {
    throw new Error(
      `${name} is no CSV file with a head: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (rows.length < 4)
    throw new Error(`${name} has ${rows.length} rows; IDs need at least 4 items.`);
  if (rows.length > MAX_ITEMS) {
    throw new Error(
      `${name} has ${count(rows.length)} rows; this page takes ${count(MAX_ITEMS)}, the package millions.`,
    );
  }
  const columns = Object.keys(rows[0]!);
  const isId = (column: string) => /^(.*_)?id$/i.test(column);
  const values = (column: string) => rows.map((row) => row[column] ?? "");
  const numeric = columns.filter(
    (column) =>
      !isId(column) &&
      values(column).every((value) => value !== "" && Number.isFinite(Number(value))),
  );
  const words = columns.filter((column) => !isId(column) && !numeric.includes(column));
  const title =
    columns.find((column) => /^(title|name|label)$/i.test(column)) ?? words[0] ?? columns[0]!;
  const seen = new Map<string, number>();
  const names = values(title).map((value, n) => {
    const base = value || `row ${n + 1}`;
    const times = (seen.get(base) ?? 0) + 1;
    seen.set(base, times);
    return times > 1 ? `${base} (${times})` : base;
  });
  // Many numbers are a vector; a few beside words are said by words.
  const byNumbers = numeric.length >= 4 || words.length === 0;
  if (byNumbers && numeric.length === 0) {
    throw new Error(`${name} has no column of words or numbers beside its ids.`);
  }
  const vectors = byNumbers
    ? standardised(rows, numeric)
    : textFeatures(
        rows.map((row) => [...words, ...numeric].map((column) => row[column]).join(" ")),
        { dim: 256 },
      );
  const lower = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const [at, year, genres] = ["title", "year", "genres"].map((key) => lower.get(key));
  return {
    names,
    vectors,
    films:
      at && year && genres
        ? filmVectors(
            rows.map((row) => ({
              title: row[at] ?? "",
              year: row[year] ?? "",
              genres: (row[genres] ?? "").replaceAll("|", " "),
            })),
          )
        : null,
    says: byNumbers
      ? `${numeric.length} columns of numbers`
      : `words of ${[...words, ...numeric].join(", ")}`,
  };
}

/** Each column with mean 0 and spread 1. */
function standardised(rows: readonly Record<string, string>[], columns: readonly string[]): Matrix {
  const data = new Float32Array(rows.length * columns.length);
  for (const [c, column] of columns.entries()) {
    const values = rows.map((row) => Number(row[column]));
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const spread =
      Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) || 1;
    for (const [n, v] of values.entries()) data[n * columns.length + c] = (v - mean) / spread;
  }
  return { data, shape: [rows.length, columns.length] };
}

export const engine: Engine = {
  async read(input, name) {
    if (!(input instanceof Blob)) throw new Error(`${name} is no CSV file.`);
    const items = itemsOf(await input.text(), name);
    return {
      source: items,
      media: null,
      facts: [{ name: "Items", value: `${count(items.names.length)}, by ${items.says}` }],
      tokenizers: [RESIDUAL, TREE, ...(items.films ? [FILMS] : [])],
    };
  },
  async encode(source, id, report) {
    const { names, vectors, films: filmRows } = source as Items;
    const start = performance.now();
    // So many codes that two levels hold every item several times over.
    const size = Math.max(4, Math.min(64, 2 ** Math.round(Math.log2(Math.sqrt(names.length)))));
    let quantizer: Quantizer;
    let latents = vectors;
    if (id === FILMS) {
      const { codec } = await films(id, report);
      report("Encoding", 0, 0);
      latents = await codec.latents(filmRows!);
      quantizer = codec.quantizer;
    } else {
      const options = {
        onProgress: ({ stage, step, steps }: { stage: string; step: number; steps: number }) =>
          report(`Fitting ${stage}`, step, steps),
      };
      quantizer =
        id === TREE
          ? await fitHierarchical(`hkmeans:3x${size}`, vectors, options)
          : await fitResidual(`rkmeans:3x${size}`, vectors, options);
    }
    const { catalogue } = await Catalogue.create(names, latents, quantizer);
    const { codes, codebookSizes } = catalogue;
    const grid = createTokenGrid({
      codes: { data: codes.data.slice(), shape: codes.shape },
      shape: [codes.shape[0]],
      codebookSizes,
      tokenizer: id,
    });
    return made(grid, names, quantizer, latents, performance.now() - start);
  },
  owns: (_, metadata) => KEY in metadata,
  async restore(grid, metadata) {
    const names = JSON.parse(metadata[KEY]!) as string[];
    if (!Array.isArray(names) || names.length !== grid.shape[0]) {
      throw new Error("The token file's names and its codes do not fit together.");
    }
    const books = metadata[BOOKS];
    const quantizer =
      books === undefined
        ? null
        : loadQuantizer(
            Uint8Array.from(atob(books), (c) => c.charCodeAt(0)),
            idFamilies,
          );
    return made(grid, names, quantizer, null, 0);
  },
};
