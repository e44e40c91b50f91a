import { ArgumentError, FormatError, LimitError } from "../errors/index.js";
import { isCount } from "../quantizers/checks.js";
import type { DType, Tensor } from "../spec/tensor.js";
import { DTYPES, checkTensor, copyElements, littleEndianBytes } from "./dtypes.js";
import { parseJsonStrictly } from "./json.js";

/*
 * The safetensors format: 8 bytes header length (little-endian), a JSON header, the tensors' bytes
 * without holes. https://github.com/huggingface/safetensors (format section of its README).
 *
 * Own code because core has no dependency, and because nothing kept fits: the npm package
 * "safetensors" is a 0.0.1 that was left, @huggingface/hub reads headers and writes nothing.
 */

/** Bytes of header that the format allows. */
export const SAFETENSORS_MAX_HEADER = 100_000_000;

const PREFIX = 8;
const METADATA_KEY = "__metadata__";

/** In the order of the reference library's type enumeration, by which it sorts tensors, last first. */
const NAMES: readonly (readonly [DType, string])[] = [
  ["bool", "BOOL"],
  ["uint8", "U8"],
  ["int8", "I8"],
  ["int16", "I16"],
  ["uint16", "U16"],
  ["float16", "F16"],
  ["bfloat16", "BF16"],
  ["int32", "I32"],
  ["uint32", "U32"],
  ["float32", "F32"],
  ["float64", "F64"],
  ["int64", "I64"],
  ["uint64", "U64"],
];
const RANK = /* @__PURE__ */ (() => new Map(NAMES.map(([dtype], rank) => [dtype, rank])))();
const TO_NAME = /* @__PURE__ */ new Map<DType, string>(NAMES);
const FROM_NAME = /* @__PURE__ */ (() =>
  new Map<string, DType>(NAMES.map(([dtype, name]) => [name, dtype])))();

export interface SafetensorsFile {
  /** By name; the object has no prototype, so any name is an ordinary key. */
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

export interface SafetensorsEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Record<string, string>;
  /** Where the tensors' bytes begin in the file. */
  readonly dataStart: number;
  /** Bytes of the whole file. */
  readonly byteLength: number;
}

/**
 * Tensors and text metadata as one safetensors file. The same bytes as the reference library writes:
 * wider element types first, then by name. Metadata keys are sorted, so equal input gives equal bytes.
 *
 * @throws ArgumentError for a name or text that cannot be written, ShapeError for a wrong shape
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const items = Object.keys(tensors).map((name) => {
    checkText(name, `tensor name ${JSON.stringify(name)}`);
    if (name === METADATA_KEY) {
      throw new ArgumentError("tensor name", {
        expected: `any name but ${METADATA_KEY}`,
        got: name,
        remedy: "Rename the tensor.",
      });
    }
    const tensor = tensors[name]!;
    return { name, tensor, dtype: checkTensor(tensor, `tensor ${name}`) };
  });
  items.sort((a, b) => RANK.get(b.dtype)! - RANK.get(a.dtype)! || compareText(a.name, b.name));

  const fields: string[] = [];
  if (metadata !== undefined) {
    const pairs = Object.keys(metadata)
      .sort(compareText)
      .map((key) => {
        const value = metadata[key];
        if (typeof value !== "string") {
          throw new ArgumentError(`metadata ${key}`, {
            expected: "a string",
            got: typeof value,
            remedy: "Turn the value into text, for example by JSON.stringify.",
          });
        }
        checkText(key, "metadata key");
        checkText(value, `metadata ${key}`);
        return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
      });
    fields.push(`"${METADATA_KEY}":{${pairs.join(",")}}`);
  }
  let offset = 0;
  for (const { name, tensor, dtype } of items) {
    const begin = offset;
    offset += tensor.data.byteLength;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${TO_NAME.get(dtype)!}","shape":[${tensor.shape.join(",")}],` +
        `"data_offsets":[${begin},${offset}]}`,
    );
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > SAFETENSORS_MAX_HEADER) {
    throw new LimitError("safetensors header", {
      expected: `at most ${SAFETENSORS_MAX_HEADER} bytes`,
      got: String(padded),
      remedy: "Write fewer tensors, or less metadata, into one file.",
    });
  }
  const file = new Uint8Array(PREFIX + padded + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(header, PREFIX);
  file.fill(0x20, PREFIX + header.length, PREFIX + padded);
  let at = PREFIX + padded;
  for (const { tensor } of items) {
    file.set(littleEndianBytes(tensor.data), at);
    at += tensor.data.byteLength;
  }
  return file;
}

/**
 * Reads and checks the header alone.
 *
 * @param bytes at least the prefix and the header of the file
 * @param byteLength bytes of the whole file, where `bytes` is only its beginning
 * @throws FormatError
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  byteLength = bytes.length,
): SafetensorsHeader {
  if (bytes.length < PREFIX) {
    throw bad("at least 8 bytes", `${bytes.length}`, "The file is cut short or empty.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = view.getBigUint64(0, true);
  if (declared > BigInt(SAFETENSORS_MAX_HEADER)) {
    throw bad(
      `a header of at most ${SAFETENSORS_MAX_HEADER} bytes`,
      `${declared}`,
      "This is no safetensors file.",
    );
  }
  const headerLength = Number(declared);
  const dataStart = PREFIX + headerLength;
  if (dataStart > bytes.length) {
    throw bad(
      `${headerLength} bytes of header`,
      `${bytes.length - PREFIX}`,
      "The file is cut short, or is no safetensors file.",
    );
  }
  if (bytes[PREFIX] !== 0x7b) {
    throw bad("a header that begins with {", "another byte", "This is no safetensors file.");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(PREFIX, dataStart),
    );
  } catch (cause) {
    throw new FormatError("safetensors header", {
      expected: "UTF-8",
      got: "bytes that are not",
      remedy: "The file is damaged.",
      cause,
    });
  }
  const json = parseJsonStrictly(text, "safetensors header");
  if (!(json instanceof Map)) throw bad("a JSON object", typeof json, "The file is damaged.");

  const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  const entries: [string, SafetensorsEntry][] = [];
  for (const [name, value] of json) {
    const what = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
    if (!(value instanceof Map)) throw bad(`an object at ${what}`, "another value", DAMAGED);
    if (name === METADATA_KEY) {
      for (const [key, text] of value) {
        if (typeof text !== "string") throw bad("metadata of strings", typeof text, DAMAGED);
        metadata[key] = text;
      }
      continue;
    }
    const dtypeName = value.get("dtype");
    const dtype = typeof dtypeName === "string" ? FROM_NAME.get(dtypeName) : undefined;
    if (dtype === undefined) {
      throw bad(
        `a dtype of ${[...FROM_NAME.keys()].join(", ")} at ${what}`,
        JSON.stringify(dtypeName) ?? "none",
        "Convert the tensor to a supported type with the software that wrote it.",
      );
    }
    const shape: unknown = value.get("shape");
    if (!Array.isArray(shape) || !shape.every(isCount)) {
      throw bad(`a shape of non-negative integers at ${what}`, "another value", DAMAGED);
    }
    const offsets: unknown = value.get("data_offsets");
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
      throw bad(`two byte offsets at ${what}`, "another value", DAMAGED);
    }
    const [begin, end] = offsets as [number, number];
    let expected: number = DTYPES[dtype].bytes;
    for (const extent of shape as number[]) {
      expected *= extent;
      if (expected > Number.MAX_SAFE_INTEGER) {
        throw bad(`fewer than 2^53 bytes at ${what}`, `shape [${shape.join(", ")}]`, DAMAGED);
      }
    }
    if (end - begin !== expected) {
      throw bad(
        `${expected} bytes for ${dtypeName as string} [${shape.join(", ")}] at ${what}`,
        `offsets ${begin} to ${end}`,
        DAMAGED,
      );
    }
    entries.push([name, { dtype, shape, begin, end }]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of entries) {
    if (begin !== covered) {
      throw bad(
        `tensors side by side, ${JSON.stringify(name)} from byte ${covered} on`,
        `byte ${begin}`,
        begin < covered
          ? "Tensors overlap: the file is damaged."
          : "There is a hole between tensors.",
      );
    }
    covered = end;
  }
  if (dataStart + covered !== byteLength) {
    throw bad(
      `${covered} bytes of tensors`,
      `${byteLength - dataStart}`,
      "The file is cut short, or something was appended to it.",
    );
  }
  return { entries: new Map(entries), metadata, dataStart, byteLength };
}

/**
 * Reads a safetensors file. Every size is checked against the bytes at hand before anything is
 * allocated; the tensors are copies.
 *
 * @throws FormatError for anything but a well-formed file of the element types of `DType`
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { entries, metadata, dataStart } = readSafetensorsHeader(bytes);
  const tensors: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>;
  for (const [name, { dtype, shape, begin }] of entries) {
    const count = shape.reduce((a, b) => a * b, 1);
    tensors[name] = { data: copyElements(bytes, dataStart + begin, count, dtype), shape, dtype };
  }
  return { tensors, metadata };
}

const DAMAGED = "The file is damaged or was written by faulty software.";

function bad(expected: string, got: string, remedy: string): FormatError {
  return new FormatError("safetensors file", { expected, got, remedy });
}

/** By Unicode code points, as UTF-8 bytes sort; JavaScript's own order puts U+10000 before U+FFFF. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      // At the second half of a surrogate pair the first halves are equal, so halves compare right.
      return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    }
  }
  return a.length - b.length;
}

/** Surrogates (code points from U+10000 on) after all other UTF-16 units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

function checkText(text: string, what: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new ArgumentError(what, {
      expected: "well-formed text",
      got: "half of a surrogate pair",
      remedy: "Text with lone surrogates cannot be written as UTF-8.",
    });
  }
}
