import { ArgumentError, FormatError, IntegrityError } from "../errors/index.js";
import { checkTokenGrid, createTokenGrid } from "../grid/grid.js";
import { packBits, packRadix, unpackBits, unpackRadix } from "../grid/pack.js";
import { isCount } from "../quantizers/checks.js";
import type { Codes, SideValue, TokenGrid } from "../spec/codes.js";
import type { Tensor } from "../spec/tensor.js";
import { crc32 } from "./crc32.js";
import { dtypeOf, littleEndianBytes } from "./dtypes.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const FORMAT = "dtok-tokens-1";
const CHECKSUM_KEY = "dtok.crc32";
const OWN_PREFIX = "dtok.";

/**
 * How codes lie in the file.
 * - `integers`: a tensor [...shape, Q] of the smallest of uint8, uint16 and int32 that holds every
 *   codebook; any safetensors reader shows it.
 * - `bits`: `packBits`; `radix`: `packRadix`, the smallest.
 */
export type CodePacking = "integers" | "bits" | "radix";
const PACKINGS: readonly CodePacking[] = ["integers", "bits", "radix"];

export interface SaveTokenGridOptions {
  /** Text of the caller; keys must not begin with "dtok.". */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default "integers". */
  readonly packing?: CodePacking;
}

export interface TokenFile {
  readonly grids: TokenGrid[];
  /** The caller's text. */
  readonly metadata: Record<string, string>;
  readonly packing: CodePacking;
}

interface Entry {
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly codebookSizes: readonly number[];
  readonly side: Readonly<Record<string, SideValue>>;
  readonly tokenizer?: string;
}

/** One token grid as a safetensors file with a checksum. See `saveTokenGrids`. */
export function saveTokenGrid(grid: TokenGrid, options: SaveTokenGridOptions = {}): Uint8Array {
  return saveTokenGrids([grid], options);
}

/**
 * Token grids as one safetensors file.
 *
 * Metadata: `dtok.format` = "dtok-tokens-1", `dtok.packing`, `dtok.grids` (JSON: tensor name, shape,
 * codebook sizes, side, tokenizer of each grid), `dtok.crc32` (`tokenFileChecksum`, 8 hexadecimal
 * digits), and the caller's own keys.
 *
 * @throws the errors of `createTokenGrid` for a grid that is not valid
 */
export function saveTokenGrids(
  grids: readonly TokenGrid[],
  options: SaveTokenGridOptions = {},
): Uint8Array {
  const { packing = "integers" } = options;
  if (!PACKINGS.includes(packing)) {
    throw new ArgumentError("packing", {
      expected: `one of ${PACKINGS.join(", ")}`,
      got: String(packing),
      remedy: "Leave it out for plain integers.",
    });
  }
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(options.metadata ?? {})) {
    if (key.startsWith(OWN_PREFIX)) {
      throw new ArgumentError("metadata", {
        expected: `keys that do not begin with ${OWN_PREFIX}`,
        got: JSON.stringify(key),
        remedy: "Rename the key.",
      });
    }
    metadata[key] = value;
  }
  const tensors: Record<string, Tensor> = {};
  const entries: Entry[] = [];
  for (const [i, grid] of grids.entries()) {
    checkTokenGrid(grid);
    const name = grids.length === 1 ? "codes" : `codes.${i}`;
    tensors[name] = pack(grid, packing);
    entries.push({
      tensor: name,
      shape: grid.shape,
      codebookSizes: grid.codebookSizes,
      side: grid.side,
      ...(grid.tokenizer !== undefined && { tokenizer: grid.tokenizer }),
    });
  }
  metadata["dtok.format"] = FORMAT;
  metadata["dtok.packing"] = packing;
  metadata["dtok.grids"] = JSON.stringify(entries);
  metadata[CHECKSUM_KEY] = tokenFileChecksum(tensors, metadata);
  return writeSafetensors(tensors, metadata);
}

/**
 * Checksum of a token file's content, whatever order its parts have in the file: CRC-32 over every
 * metadata key but `dtok.crc32` in sorted order as `key NUL value NUL`, then over every tensor in
 * sorted order as `name NUL dtype NUL shape NUL` and its little-endian bytes. Eight lower-case
 * hexadecimal digits.
 */
export function tokenFileChecksum(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>>,
): string {
  const text = new TextEncoder();
  let crc = 0;
  for (const key of Object.keys(metadata).sort()) {
    if (key !== CHECKSUM_KEY) crc = crc32(text.encode(`${key}\0${metadata[key]}\0`), crc);
  }
  for (const name of Object.keys(tensors).sort()) {
    const tensor = tensors[name]!;
    const head = `${name}\0${dtypeOf(tensor)}\0${tensor.shape.join(",")}\0`;
    crc = crc32(littleEndianBytes(tensor.data), crc32(text.encode(head), crc));
  }
  return crc.toString(16).padStart(8, "0");
}

/** The one grid of a token file. */
export function loadTokenGrid(bytes: Uint8Array): TokenGrid {
  const { grids } = readTokenFile(bytes);
  if (grids.length !== 1) {
    throw new ArgumentError("token file", {
      expected: "one grid",
      got: `${grids.length}`,
      remedy: "Use loadTokenGrids.",
    });
  }
  return grids[0]!;
}

/** All grids of a token file. */
export function loadTokenGrids(bytes: Uint8Array): TokenGrid[] {
  return readTokenFile(bytes).grids;
}

/**
 * Reads and checks a token file.
 *
 * @throws FormatError if it is no token file, cut short or of a newer version; IntegrityError if its
 *   checksum differs; CodeRangeError and ShapeError if what it says does not fit together
 */
export function readTokenFile(bytes: Uint8Array): TokenFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const format = metadata["dtok.format"];
  if (format !== FORMAT) {
    throw bad(
      `metadata dtok.format = ${FORMAT}`,
      format === undefined ? "none" : JSON.stringify(format.slice(0, 80)),
      format?.startsWith("dtok-tokens-") === true
        ? "Update @dtok/core: a newer version wrote this file."
        : "This safetensors file holds no tokens of dtok.",
    );
  }
  const expected = metadata[CHECKSUM_KEY];
  const actual = tokenFileChecksum(tensors, metadata);
  if (expected !== actual) {
    throw new IntegrityError("token file", {
      expected: `checksum ${(expected ?? "in dtok.crc32, but there is none").slice(0, 40)}`,
      got: actual,
      remedy: "The file was damaged or changed after it was written; copy or encode it again.",
    });
  }
  const packing = metadata["dtok.packing"] as CodePacking;
  if (!PACKINGS.includes(packing)) {
    throw bad(`a packing of ${PACKINGS.join(", ")}`, String(packing), "Update @dtok/core.");
  }
  let json: unknown;
  try {
    json = JSON.parse(metadata["dtok.grids"] ?? "");
  } catch (cause) {
    throw bad("JSON in dtok.grids", "other text", FAULTY, cause);
  }
  if (!Array.isArray(json)) throw bad("a list in dtok.grids", typeof json, FAULTY);
  const used = new Set<string>();
  const grids = json.map((value: unknown, i) => {
    const entry = checkEntry(value, i);
    const tensor = Object.hasOwn(tensors, entry.tensor) ? tensors[entry.tensor] : undefined;
    if (tensor === undefined || used.has(entry.tensor)) {
      throw bad(`a tensor for grid ${i} alone`, JSON.stringify(entry.tensor), FAULTY);
    }
    used.add(entry.tensor);
    const codes = unpack(tensor, entry, packing);
    return createTokenGrid({ ...entry, codes });
  });
  const own: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (!key.startsWith(OWN_PREFIX)) own[key] = value;
  }
  return { grids, metadata: own, packing };
}

function pack(grid: TokenGrid, packing: CodePacking): Tensor {
  if (packing !== "integers") {
    const data = (packing === "bits" ? packBits : packRadix)(grid.codes, grid.codebookSizes);
    return { data, shape: [data.length] };
  }
  const largest = Math.max(...grid.codebookSizes);
  const shape = [...grid.shape, grid.codes.shape[1]];
  const { data } = grid.codes;
  if (largest <= 256) return { data: Uint8Array.from(data), shape };
  if (largest <= 65536) return { data: Uint16Array.from(data), shape };
  return { data, shape };
}

function unpack(tensor: Tensor, entry: Entry, packing: CodePacking): Codes {
  const { codebookSizes, shape } = entry;
  const rows = shape.reduce((a, b) => a * b, 1);
  const width = codebookSizes.length;
  const { data } = tensor;
  if (packing === "integers") {
    const wanted = [...shape, width];
    const fits =
      wanted.length === tensor.shape.length && wanted.every((v, a) => v === tensor.shape[a]);
    const plain =
      data instanceof Uint8Array || data instanceof Uint16Array || data instanceof Int32Array;
    if (!fits || !plain || tensor.dtype === "float16" || tensor.dtype === "bfloat16") {
      throw bad(
        `uint8, uint16 or int32 codes [${wanted.join(", ")}]`,
        `${tensor.dtype ?? ""} [${tensor.shape.join(", ")}]`,
        FAULTY,
      );
    }
    return {
      data: data instanceof Int32Array ? data : Int32Array.from(data),
      shape: [rows, width],
    };
  }
  if (!(data instanceof Uint8Array) || tensor.shape.length !== 1) {
    throw bad("packed codes in uint8 [bytes]", `[${tensor.shape.join(", ")}]`, FAULTY);
  }
  return (packing === "bits" ? unpackBits : unpackRadix)(data, rows, codebookSizes);
}

function checkEntry(value: unknown, i: number): Entry {
  const entry = value as Partial<Record<keyof Entry, unknown>> | null;
  const good =
    typeof entry === "object" &&
    entry !== null &&
    typeof entry.tensor === "string" &&
    isCounts(entry.shape) &&
    entry.shape.reduce((a, b) => a * b, 1) <= Number.MAX_SAFE_INTEGER &&
    isCounts(entry.codebookSizes) &&
    typeof entry.side === "object" &&
    entry.side !== null &&
    !Array.isArray(entry.side) &&
    (entry.tokenizer === undefined || typeof entry.tokenizer === "string");
  if (!good) {
    throw bad(
      `tensor, shape, codebookSizes and side of grid ${i}`,
      (JSON.stringify(value) ?? "nothing").slice(0, 120),
      FAULTY,
    );
  }
  return entry as Entry;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}

const FAULTY = "The file was written by faulty software.";

function bad(expected: string, got: string, remedy: string, cause?: unknown): FormatError {
  return new FormatError("token file", {
    expected,
    got,
    remedy,
    ...(cause !== undefined && { cause }),
  });
}
