/* Rows for the ids that a vocabulary adds to a model's embedding table. */
import {
  ArgumentError,
  FormatError,
  MismatchError,
  ShapeError,
  createRandom,
  readSafetensors,
  writeSafetensors,
} from "@dtok/core";
import type { Matrix } from "@dtok/core";
import type { Vocabulary } from "./vocabulary.js";

/** Mean and standard deviation of each of a table's D columns. */
export interface EmbeddingStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface EmbeddingOptions {
  /**
   * Codebook vectors [K, d] of each level, by modality: their likeness carries over to the rows.
   * Modalities that are not named, and all other tokens, get the mean.
   */
  readonly codebooks?: Readonly<Record<string, readonly Matrix[]>>;
  /**
   * Normal noise around the mean, in the table's own standard deviations: rows that are all the same
   * would learn the same at first. Default 0.1.
   */
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
  /**
   * First id that gets a row. Default: behind the base. For a model that was extended before: how many
   * ids it had then, so that modalities which it knows keep their rows.
   */
  readonly first?: number;
}

/**
 * Of the base model's rows: the first `rows` of a table [N, D]. Read once, so that a large table need
 * not be kept.
 *
 * @param rows the vocabulary's base; rows behind it were never trained
 */
export function embeddingStatistics(table: Matrix, rows = table.shape[0]): EmbeddingStatistics {
  const [n, dim] = table.shape;
  if (!Number.isSafeInteger(rows) || rows < 1 || rows > n || table.data.length !== n * dim) {
    throw new ShapeError("embeddings", {
      expected: `a table [N, D] of at least ${Math.max(1, rows)} rows`,
      got: `[${n}, ${dim}] with ${table.data.length} numbers`,
      remedy: "Pass the model's input embeddings.",
    });
  }
  const mean = new Float64Array(dim);
  for (let i = 0; i < rows; i++) for (let d = 0; d < dim; d++) mean[d]! += table.data[i * dim + d]!;
  for (let d = 0; d < dim; d++) mean[d]! /= rows;
  const squares = new Float64Array(dim);
  for (let i = 0; i < rows; i++) {
    for (let d = 0; d < dim; d++) squares[d]! += (table.data[i * dim + d]! - mean[d]!) ** 2;
  }
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(squares, (sum) => Math.sqrt(sum / rows)),
  };
}

/**
 * Rows [vocabulary.size - first, D] for a model whose table the statistics are of. By
 * default the mean and a little noise (Hewitt 2021: new words that begin at the mean leave the
 * model's other predictions as they were). Where codebooks are given, code k of a level gets
 *
 *     mean + deviation * z_k,    z = (C - mean of C) P, scaled to variance 1
 *
 * with P [d, D] normal: a random projection keeps distances (Johnson and Lindenstrauss), so codes
 * that are near in the tokenizer are near in the model.
 *
 * @throws ShapeError where a codebook is not the modality's, MismatchError for an unknown modality
 */
export function embeddingRows(
  vocabulary: Vocabulary,
  { mean, deviation }: EmbeddingStatistics,
  options: EmbeddingOptions = {},
): Matrix {
  const { codebooks = {}, noise = 0.1, seed = 0, first = vocabulary.base } = options;
  const dim = mean.length;
  if (!(noise >= 0) || !Number.isFinite(noise)) {
    throw new ArgumentError("noise", {
      expected: "a number of at least 0",
      got: String(noise),
      remedy: "In standard deviations of the table; 0.1 is little.",
    });
  }
  if (!Number.isSafeInteger(first) || first < vocabulary.base || first > vocabulary.size) {
    throw new ArgumentError("first", {
      expected: `an id in [${vocabulary.base}, ${vocabulary.size}]`,
      got: String(first),
      remedy: "Pass how many ids the model had before.",
    });
  }
  const count = vocabulary.size - first;
  const random = createRandom(seed);
  const data = random.fillNormal(new Float32Array(count * dim), noise);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < dim; d++) {
      data[i * dim + d] = mean[d]! + deviation[d]! * data[i * dim + d]!;
    }
  }
  for (const [id, levels] of Object.entries(codebooks)) {
    const { begin, codebookSizes, offsets } = vocabulary.modality(id);
    if (begin < first) {
      throw new ArgumentError(`codebooks of ${id}`, {
        expected: `a modality whose ids begin at ${first} or behind`,
        got: String(begin),
        remedy: "The model has rows for it already.",
      });
    }
    if (levels.length !== codebookSizes.length) {
      throw new ShapeError(`codebooks of ${id}`, {
        expected: `${codebookSizes.length}, one for each level`,
        got: String(levels.length),
        remedy: "Pass the tokenizer's own codebooks.",
      });
    }
    for (const [q, codebook] of levels.entries()) {
      const rows = project(codebook, codebookSizes[q]!, dim, createRandom(seed, q + 1), id);
      const from = (offsets[q]! - first) * dim;
      for (let i = 0; i < rows.length; i++) {
        data[from + i] = mean[i % dim]! + deviation[i % dim]! * rows[i]!;
      }
    }
  }
  return { data, shape: [count, dim] };
}

/** Codewords [K, d] to [K, D] of mean 0 and variance 1 in all. */
function project(
  { data, shape }: Matrix,
  size: number,
  dim: number,
  random: ReturnType<typeof createRandom>,
  id: string,
): Float32Array {
  const [rows, width] = shape;
  if (rows !== size || width < 1 || data.length !== rows * width || !data.every(Number.isFinite)) {
    throw new ShapeError(`codebook of ${id}`, {
      expected: `finite vectors [${size}, d]`,
      got: `[${rows}, ${width}] with ${data.length} numbers`,
      remedy: "Pass the vectors that the codes stand for, e.g. quantizer.dequantize of all codes.",
    });
  }
  const centre = new Float64Array(width);
  for (let i = 0; i < data.length; i++) centre[i % width]! += data[i]! / rows;
  const projection = random.fillNormal(new Float32Array(width * dim));
  const out = new Float32Array(rows * dim);
  let squares = 0;
  for (let k = 0; k < rows; k++) {
    for (let j = 0; j < width; j++) {
      const x = data[k * width + j]! - centre[j]!;
      for (let d = 0; d < dim; d++) out[k * dim + d]! += x * projection[j * dim + d]!;
    }
    for (let d = 0; d < dim; d++) squares += out[k * dim + d]! ** 2;
  }
  // One factor for all: the lengths of the vectors keep their ratio.
  const scale = squares > 0 ? Math.sqrt((rows * dim) / squares) : 0;
  for (let i = 0; i < out.length; i++) out[i]! *= scale;
  return out;
}

/** Rows as a safetensors file: "embeddings" [N, D], the first row's id, and the vocabulary's hash. */
export function saveEmbeddingRows(vocabulary: Vocabulary, rows: Matrix): Uint8Array {
  checkRows(vocabulary, rows.shape[0]);
  return writeSafetensors(
    { embeddings: rows },
    {
      format: "dtok-embedding-rows-1",
      first: String(vocabulary.size - rows.shape[0]),
      vocabulary: vocabulary.hash,
    },
  );
}

/** @throws FormatError, MismatchError for rows of another vocabulary */
export function loadEmbeddingRows(vocabulary: Vocabulary, bytes: Uint8Array): Matrix {
  const { tensors, metadata } = readSafetensors(bytes);
  const { embeddings } = tensors;
  if (
    metadata.format !== "dtok-embedding-rows-1" ||
    !(embeddings?.data instanceof Float32Array) ||
    embeddings.shape.length !== 2
  ) {
    throw new FormatError("embedding rows", {
      expected: "a file of format dtok-embedding-rows-1",
      got: metadata.format ?? "another file",
      remedy: "Load what saveEmbeddingRows wrote.",
    });
  }
  if (metadata.vocabulary !== vocabulary.hash) {
    throw new MismatchError("embedding rows", {
      expected: `rows of the vocabulary ${vocabulary.hash}`,
      got: String(metadata.vocabulary),
      remedy: "Use the vocabulary that the rows were made for.",
    });
  }
  const [rows, dim] = embeddings.shape as [number, number];
  checkRows(vocabulary, rows);
  return { data: embeddings.data, shape: [rows, dim] };
}

function checkRows({ base, size }: Vocabulary, rows: number): void {
  if (rows >= 0 && rows <= size - base) return;
  throw new ShapeError("embedding rows", {
    expected: `at most ${size - base}, one for each id from ${base} on`,
    got: String(rows),
    remedy: "Make them by embeddingRows.",
  });
}
