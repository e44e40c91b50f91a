/*
 * A catalogue that lives: every item has one ID, every ID one item, and what is added, changed or
 * removed leaves the IDs of all others as they are.
 */
import {
  ArgumentError,
  FormatError,
  MismatchError,
  LimitError,
  checkCodes,
  checkMatrix,
  checkMatrixShape,
  loadQuantizer,
  quantizerFamilies,
  readSafetensors,
  saveQuantizer,
  writeSafetensors,
} from "@dtok/core";
import type { Codes, Matrix, Quantizer, Tensor, VectorSource, VectorStream } from "@dtok/core";
import { formatId, parseId } from "../ids/print.js";
import { IdSpace } from "../ids/id-space.js";
import { resolveCollisions } from "../ids/resolve.js";
import type { CollisionStrategy, Resolution, ResolveOptions } from "../ids/resolve.js";
import { buildTrie } from "../ids/trie.js";
import type { PrefixTrie } from "../ids/trie.js";
import { hierarchicalFamily } from "../quantizers/hierarchical.js";
import { ResidualQuantizer, residualFamily } from "../quantizers/residual.js";
import { separateFamily } from "../quantizers/separate.js";

const FORMAT = "dtok-catalogue-1";
const REMEDY = "The file is damaged, or was not written by dtok.";

/** Families that a catalogue's file may name: core's and this package's. */
export const idFamilies = [
  ...quantizerFamilies,
  residualFamily,
  hierarchicalFamily,
  separateFamily,
];

/** What one change of the catalogue did. */
export interface CatalogueChange {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Items whose ID is not the one that the quantizer alone would give (suffixes aside). */
  readonly displaced: number;
  /** Of the catalogue after the change. */
  readonly version: number;
}

export interface CatalogueOptions extends ResolveOptions {
  /** Kept with the catalogue: how vectors are made, where they come from, … */
  readonly notes?: Readonly<Record<string, string>>;
}

/** Vectors of a batch quantized at once. */
const BATCH_VALUES = 1 << 22;

export class Catalogue {
  /** Of IDs, with the suffix where there is one. */
  readonly codebookSizes: readonly number[];
  private readonly space: IdSpace;
  private readonly rows = new Map<string, number>();
  private readonly items: string[];
  private data: Int32Array;
  private built: PrefixTrie | undefined;

  private constructor(
    /** Vectors, or an encoder's latents, to codes. */
    readonly quantizer: Quantizer,
    readonly strategy: CollisionStrategy,
    items: readonly string[],
    codes: Codes,
    codebookSizes: readonly number[],
    /** Rises by one with every change. */
    public version: number,
    /** Mean squared error per vector when the catalogue was made; NaN if it was empty. */
    readonly baseline: number,
    readonly notes: Readonly<Record<string, string>>,
  ) {
    this.codebookSizes = Object.freeze([...codebookSizes]);
    this.space = new IdSpace(codebookSizes);
    this.items = [...items];
    this.data = codes.data.slice();
    const depth = codebookSizes.length;
    for (const [row, item] of this.items.entries()) {
      checkItem(item);
      if (this.rows.has(item)) throw duplicate(item);
      this.rows.set(item, row);
      if (this.space.take(this.data, row * depth, row)) continue;
      const other = this.space.owner(this.data, row * depth);
      throw new ArgumentError("catalogue", {
        expected: "a different ID for every item",
        got: `one ID for ${JSON.stringify(this.items[other])} and ${JSON.stringify(item)}`,
        remedy: REMEDY,
      });
    }
  }

  /**
   * Gives every item an ID.
   *
   * @param items names, all different
   * @param vectors [N, D] in the quantizer's space, row n of item n; a stream may exceed memory
   * @throws ArgumentError for duplicate names, ShapeError for another number of vectors, ValueError
   *   for NaN and infinities
   */
  static async create(
    items: readonly string[],
    vectors: VectorSource,
    quantizer: Quantizer,
    options: CatalogueOptions & {
      readonly kernels?: import("@dtok/core").AsyncKernels;
      readonly onProgress?: (done: number, total: number) => void;
    } = {},
  ): Promise<{ readonly catalogue: Catalogue; readonly resolution: Resolution }> {
    checkNames(items);
    const depth = quantizer.codebookSizes.length;
    const data = new Int32Array(items.length * depth);
    let done = 0;
    let error = 0;
    for await (const chunk of chunksOf(vectors)) {
      options.signal?.throwIfAborted();
      const count = checkMatrixShape(chunk, quantizer.dim, "vectors");
      if (done + count > items.length) throw wrongCount(items.length, done + count);
      const { kernels, signal } = options;
      if (quantizer instanceof ResidualQuantizer && kernels !== undefined) {
        // NaN and infinities are found by the kernels.
        const coded = await quantizer.codesAndError(chunk, kernels, signal);
        data.set(coded.codes.data, done * depth);
        error += coded.error;
      } else {
        const codes = await quantizer.quantizeAsync(chunk, {
          ...(kernels && { kernels }),
          ...(signal && { signal }),
        });
        data.set(codes.data, done * depth);
        error += squaredError(chunk, quantizer.dequantize(codes));
      }
      done += count;
      options.onProgress?.(done, items.length);
    }
    if (done !== items.length) throw wrongCount(items.length, done);
    const resolution = await resolveCollisions(
      { data, shape: [items.length, depth] },
      quantizer,
      vectors,
      options,
    );
    const catalogue = new Catalogue(
      quantizer,
      options.strategy ?? "suffix",
      items,
      resolution.codes,
      resolution.codebookSizes,
      1,
      items.length === 0 ? NaN : error / items.length,
      options.notes ?? {},
    );
    return { catalogue, resolution };
  }

  get size(): number {
    return this.items.length;
  }

  /** Names, in the order of rows. */
  get itemIds(): readonly string[] {
    return this.items;
  }

  /** IDs of all items, [N, levels], in the order of rows: a view, not to be written to. */
  get codes(): Codes {
    const depth = this.codebookSizes.length;
    return { data: this.data.subarray(0, this.size * depth), shape: [this.size, depth] };
  }

  has(item: string): boolean {
    return this.rows.has(item);
  }

  /** Codes of an item's ID. */
  codesOf(item: string): Int32Array {
    const row = this.rows.get(item);
    if (row === undefined) throw unknownItem(item);
    const depth = this.codebookSizes.length;
    return this.data.slice(row * depth, (row + 1) * depth);
  }

  /** An item's ID as text: "<a_12><b_200><c_7><d_0>". */
  idOf(item: string): string {
    return formatId(this.codesOf(item));
  }

  /**
   * The item that an ID names, undefined if it is no item's.
   *
   * @param id codes, or text; text that is no ID of this catalogue's levels is a typed error
   */
  itemOf(id: string | ArrayLike<number>): string | undefined {
    const codes = typeof id === "string" ? parseId(id, this.codebookSizes) : id;
    if (codes.length !== this.codebookSizes.length) return undefined;
    return this.items[this.space.owner(codes)];
  }

  /** All IDs as a prefix trie: masks for constrained decoding. Its rows are those of `itemIds`; made anew after a change. */
  trie(): PrefixTrie {
    return (this.built ??= buildTrie(this.codes, this.codebookSizes));
  }

  /**
   * New items get IDs; those of others stay. All or none: on an error nothing has changed.
   *
   * @throws ArgumentError for names that the catalogue has, or twice in the list
   */
  async add(items: readonly string[], vectors: Matrix): Promise<CatalogueChange> {
    const seen = new Set<string>();
    for (const item of items) {
      checkItem(item);
      if (seen.has(item) || this.rows.has(item)) throw duplicate(item);
      seen.add(item);
    }
    return this.place(items, vectors);
  }

  /**
   * Items whose vectors changed. One whose codes are as before keeps its ID; another one gets a new ID.
   *
   * @throws ArgumentError for names that the catalogue lacks
   */
  async change(items: readonly string[], vectors: Matrix): Promise<CatalogueChange> {
    const seen = new Set<string>();
    for (const item of items) {
      if (!this.rows.has(item)) throw unknownItem(item);
      if (seen.has(item)) throw duplicate(item);
      seen.add(item);
    }
    return this.place(items, vectors);
  }

  /** Adds what is new and changes what is known. */
  async put(items: readonly string[], vectors: Matrix): Promise<CatalogueChange> {
    const seen = new Set<string>();
    for (const item of items) {
      checkItem(item);
      if (seen.has(item)) throw duplicate(item);
      seen.add(item);
    }
    return this.place(items, vectors);
  }

  /** Takes items out; their IDs are free for later ones. */
  remove(items: readonly string[]): CatalogueChange {
    const gone = new Set<string>();
    for (const item of items) {
      if (!this.rows.has(item)) throw unknownItem(item);
      if (gone.has(item)) throw duplicate(item);
      gone.add(item);
    }
    const depth = this.codebookSizes.length;
    for (const item of items) {
      const row = this.rows.get(item)!;
      this.space.free(this.data, row * depth);
      this.rows.delete(item);
      // The last row takes the place.
      const last = this.items.length - 1;
      if (row !== last) {
        const moved = this.items[last]!;
        this.space.free(this.data, last * depth);
        this.data.copyWithin(row * depth, last * depth, (last + 1) * depth);
        this.items[row] = moved;
        this.rows.set(moved, row);
        this.space.take(this.data, row * depth, row);
      }
      this.items.pop();
    }
    return this.changed({ added: 0, changed: 0, removed: items.length, displaced: 0 });
  }

  private async place(items: readonly string[], vectors: Matrix): Promise<CatalogueChange> {
    const count = checkMatrix(vectors, this.quantizer.dim, "vectors");
    if (count !== items.length) throw wrongCount(items.length, count);
    const codes = await this.quantizer.quantizeAsync(vectors);
    const width = codes.shape[1];
    const depth = this.codebookSizes.length;
    const { dim } = this.quantizer;
    const undo: (() => void)[] = [];
    let [added, changed, displaced] = [0, 0, 0];
    try {
      for (const [n, item] of items.entries()) {
        const greedy = codes.data.subarray(n * width, (n + 1) * width);
        const row = this.rows.get(item);
        if (row !== undefined) {
          const old = this.data.slice(row * depth, (row + 1) * depth);
          if (greedy.every((code, l) => code === old[l])) continue;
          this.space.free(old);
          undo.push(() => {
            this.data.set(old, row * depth);
            this.space.take(old, 0, row);
          });
        }
        const latent = vectors.data.subarray(n * dim, (n + 1) * dim);
        const id = this.freeId(greedy, latent);
        if (greedy.some((code, l) => code !== id[l])) displaced++;
        const at = row ?? this.items.length;
        if (row === undefined) {
          this.grow(at + 1);
          this.items.push(item);
          this.rows.set(item, at);
          added++;
        } else changed++;
        this.data.set(id, at * depth);
        this.space.take(id, 0, at);
        undo.push(() => {
          this.space.free(id);
          if (row === undefined) {
            this.items.pop();
            this.rows.delete(item);
          }
        });
      }
    } catch (error) {
      for (const step of undo.toReversed()) step();
      throw error;
    }
    return this.changed({ added, changed, removed: 0, displaced });
  }

  private freeId(greedy: Int32Array, latent: Float32Array): Int32Array {
    if (this.strategy !== "suffix") {
      if (this.space.owner(greedy) < 0) return greedy.slice();
      return this.space.nearestFree(latent, greedy, this.quantizer);
    }
    const id = Int32Array.from([...greedy, 0]);
    const size = this.codebookSizes.at(-1)!;
    if (!this.space.full(id, 0, greedy.length)) {
      for (let k = 0; k < size; k++) {
        id[greedy.length] = k;
        if (this.space.owner(id) < 0) return id;
      }
    }
    throw new LimitError("suffix", {
      expected: `at most ${size} items with the codes ${formatId(greedy)}`,
      got: "one more",
      remedy: "Make the catalogue anew with a larger suffixSize, or a finer quantizer.",
    });
  }

  private grow(rows: number): void {
    const depth = this.codebookSizes.length;
    if (rows * depth <= this.data.length) return;
    const grown = new Int32Array(Math.max(rows, this.size * 2, 16) * depth);
    grown.set(this.data);
    this.data = grown;
  }

  private changed(parts: Omit<CatalogueChange, "version">): CatalogueChange {
    this.built = undefined;
    this.version++;
    return { ...parts, version: this.version };
  }

  /** The catalogue as one safetensors file: names, IDs, and the quantizer that gave them. */
  save(): Uint8Array {
    const encoder = new TextEncoder();
    const names = this.items.map((item) => encoder.encode(item));
    const ends = new Uint32Array(names.length);
    let length = 0;
    for (const [i, name] of names.entries()) ends[i] = length += name.length;
    if (length > 2 ** 32 - 1) {
      throw new LimitError("catalogue", {
        expected: "names of at most 4 GiB in all",
        got: `${length} bytes`,
        remedy: "Use shorter names.",
      });
    }
    const text = new Uint8Array(length);
    for (const [i, name] of names.entries()) text.set(name, ends[i]! - name.length);
    const codes = this.codes;
    const quantizer = saveQuantizer(this.quantizer);
    return writeSafetensors(
      {
        codes: { data: codes.data, shape: codes.shape },
        "items.text": { data: text, shape: [text.length] },
        "items.ends": { data: ends, shape: [ends.length] },
        quantizer: { data: quantizer, shape: [quantizer.length] },
      },
      {
        "dtok.format": FORMAT,
        "dtok.config": JSON.stringify({
          strategy: this.strategy,
          codebookSizes: this.codebookSizes,
          version: this.version,
          baseline: Number.isFinite(this.baseline) ? this.baseline : null,
          notes: this.notes,
        }),
      },
    );
  }

  /** @throws FormatError for anything but a file of `save` */
  static load(bytes: Uint8Array): Catalogue {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata["dtok.format"] !== FORMAT) {
      throw new FormatError("catalogue", {
        expected: `metadata dtok.format = ${FORMAT}`,
        got: JSON.stringify(metadata["dtok.format"] ?? null).slice(0, 80),
        remedy: "Pass the file that `dtok recsys fit` or Catalogue.save wrote.",
      });
    }
    const config = parseConfig(metadata["dtok.config"]);
    const codes = tensors.codes as Tensor<Int32Array> | undefined;
    const text = tensors["items.text"]?.data;
    const ends = tensors["items.ends"]?.data;
    const quantizer = tensors.quantizer?.data;
    const count = ends?.length ?? -1;
    if (
      !(codes?.data instanceof Int32Array) ||
      codes.shape.length !== 2 ||
      codes.shape[0] !== count ||
      !(text instanceof Uint8Array) ||
      !(ends instanceof Uint32Array) ||
      !(quantizer instanceof Uint8Array) ||
      (ends.at(-1) ?? 0) !== text.length ||
      ends.some((end, i) => i > 0 && end < ends[i - 1]!)
    ) {
      throw new FormatError("catalogue", {
        expected: "tensors codes, items.text, items.ends and quantizer that fit each other",
        got: Object.keys(tensors).join(", "),
        remedy: REMEDY,
      });
    }
    const decoder = new TextDecoder("utf-8");
    const items = Array.from(ends, (end, i) =>
      decoder.decode(text.subarray(i === 0 ? 0 : ends[i - 1]!, end)),
    );
    const made = loadQuantizer(quantizer, idFamilies);
    const sizes =
      config.strategy === "suffix" ? config.codebookSizes.slice(0, -1) : config.codebookSizes;
    if (sizes.join() !== made.codebookSizes.join()) {
      throw new MismatchError("catalogue", {
        expected: `codebooks ${made.codebookSizes.join(", ")}, as its quantizer has`,
        got: sizes.join(", "),
        remedy: REMEDY,
      });
    }
    const shaped: Codes = { data: codes.data, shape: codes.shape as [number, number] };
    checkCodes(shaped, config.codebookSizes);
    return new Catalogue(
      made,
      config.strategy,
      items,
      shaped,
      config.codebookSizes,
      config.version,
      config.baseline,
      config.notes,
    );
  }
}

function parseConfig(json: string | undefined) {
  let value: unknown;
  try {
    value = JSON.parse(json ?? "");
  } catch {
    value = undefined;
  }
  const { strategy, codebookSizes, version, baseline, notes } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const sizes = codebookSizes as number[];
  if (
    !["suffix", "reassign", "sinkhorn"].includes(strategy as string) ||
    !Array.isArray(sizes) ||
    sizes.length === 0 ||
    !sizes.every((size) => Number.isSafeInteger(size) && size >= 1 && size <= 2 ** 31) ||
    !Number.isSafeInteger(version) ||
    !(baseline === null || Number.isFinite(baseline)) ||
    typeof notes !== "object" ||
    notes === null
  ) {
    throw new FormatError("catalogue", {
      expected: "its configuration in metadata dtok.config",
      got: JSON.stringify(json?.slice(0, 120) ?? null),
      remedy: REMEDY,
    });
  }
  return {
    strategy: strategy as CollisionStrategy,
    codebookSizes: sizes,
    version: version as number,
    baseline: (baseline as number | null) ?? NaN,
    notes: notes as Record<string, string>,
  };
}

export function* slicesOf(vectors: Matrix): Generator<Matrix> {
  const [rows, dim] = vectors.shape;
  const step = Math.max(1, Math.floor(BATCH_VALUES / dim));
  if (rows <= step) {
    yield vectors;
    return;
  }
  for (let n = 0; n < rows; n += step) {
    const end = Math.min(rows, n + step);
    yield { data: vectors.data.subarray(n * dim, end * dim), shape: [end - n, dim] };
  }
}

/** Chunks of a source; a matrix in slices. */
export function chunksOf(source: VectorSource): AsyncIterable<Matrix> | Iterable<Matrix> {
  return typeof (source as VectorStream).chunks === "function"
    ? (source as VectorStream).chunks({ reuse: true })
    : slicesOf(source as Matrix);
}

/** Refuses names that are none or occur twice; a function of its own, so that a million of them are let go. */
function checkNames(items: readonly string[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    checkItem(item);
    if (seen.has(item)) throw duplicate(item);
    seen.add(item);
  }
}

/** Sum over all vectors. */
export function squaredError({ data: a }: Matrix, { data: b }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const gap = a[i]! - b[i]!;
    sum += gap * gap;
  }
  return sum;
}

function checkItem(item: string): void {
  if (typeof item === "string" && item !== "") return;
  throw new ArgumentError("item id", {
    expected: "text that is not empty",
    got: item === "" ? '""' : typeof item,
    remedy: "Name every item.",
  });
}

function duplicate(item: string): ArgumentError {
  return new ArgumentError("item id", {
    expected: "each item once",
    got: `${JSON.stringify(item)} again`,
    remedy: "Drop the duplicate; change() gives a known item a new vector.",
  });
}

function unknownItem(item: string): ArgumentError {
  return new ArgumentError("item id", {
    expected: "an item of the catalogue",
    got: JSON.stringify(item),
    remedy: "Add it first.",
  });
}

function wrongCount(items: number, vectors: number): MismatchError {
  return new MismatchError("vectors", {
    expected: `${items} vectors, one per item`,
    got: String(vectors),
    remedy: "Leave out items without a vector.",
  });
}
