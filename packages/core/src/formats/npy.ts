import { ArgumentError, FormatError, LimitError } from "../errors/index.js";
import type { DType, Matrix, Tensor, TensorData } from "../spec/tensor.js";
import { DTYPES, LITTLE_ENDIAN, checkTensor, copyElements, littleEndianBytes } from "./dtypes.js";
import { halfToFloat } from "./half.js";

/*
 * The .npy format of NumPy, versions 1 to 3: magic, version, header length, a Python dict literal,
 * the elements. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** NumPy itself warns from 10,000 characters on; real headers have about 120. */
const MAX_HEADER = 65536;
const MAX_AXES = 32;

const FROM_DESCR: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};
const TO_DESCR = /* @__PURE__ */ (() =>
  new Map<DType, string>(
    Object.entries(FROM_DESCR).map(([descr, dtype]) => [
      dtype,
      `${DTYPES[dtype].bytes === 1 ? "|" : "<"}${descr}`,
    ]),
  ))();

export interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly littleEndian: boolean;
  /** Where the elements begin in the file. */
  readonly dataStart: number;
  /** Elements in all. */
  readonly count: number;
  /** Bytes of all elements. */
  readonly dataBytes: number;
}

/** Bytes that surely hold the header of a file that `readNpyHeader` accepts. */
export const NPY_HEADER_BYTES = 12 + MAX_HEADER;

/**
 * Reads the header of a .npy file.
 *
 * @param bytes the beginning of the file: `NPY_HEADER_BYTES` of it, or all if it is shorter
 * @throws FormatError for anything else than an array of numbers
 */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw bad("a file that begins with \\x93NUMPY", "another beginning", "This is no .npy file.");
  }
  const major = bytes[6]!;
  if (major < 1 || major > 3) {
    throw bad("version 1 to 3", `${major}`, "Write the array by a current NumPy: numpy.save.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = major === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw cut("a header", `${bytes.length} bytes`);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_HEADER) {
    throw bad(
      `a header of at most ${MAX_HEADER} bytes`,
      `${headerLength}`,
      "Arrays with named fields are not read; save a plain array.",
    );
  }
  const dataStart = 8 + lengthBytes + headerLength;
  if (dataStart > bytes.length) throw cut(`${dataStart} bytes of header`, `${bytes.length}`);
  const raw = bytes.subarray(8 + lengthBytes, dataStart);
  let text = "";
  // Version 3 is UTF-8, older ones Latin-1; a header of numbers is ASCII in both.
  for (const byte of raw) text += String.fromCharCode(byte);
  const fields = new DictParser(text).parse();

  const descr = fields.get("descr");
  const fortranOrder = fields.get("fortran_order");
  const shape = fields.get("shape");
  if (
    fields.size !== 3 ||
    typeof descr !== "string" ||
    typeof fortranOrder !== "boolean" ||
    !Array.isArray(shape)
  ) {
    throw bad(
      "the fields descr, fortran_order and shape",
      JSON.stringify(text.slice(0, 120)),
      typeof descr === "string" || descr === undefined
        ? "The file is damaged."
        : "Arrays with named fields are not read; save a plain array.",
    );
  }
  const order = descr[0]!;
  const dtype = Object.hasOwn(FROM_DESCR, descr.slice(1)) ? FROM_DESCR[descr.slice(1)] : undefined;
  if (dtype === undefined || !"<>|=".includes(order) || descr === "") {
    throw bad(
      "numbers of 8 to 64 bits",
      `dtype ${JSON.stringify(descr.slice(0, 40))}`,
      "Convert the array, for example by .astype(numpy.float32).",
    );
  }
  let count = 1;
  for (const extent of shape) {
    count *= extent;
    if (count * DTYPES[dtype].bytes > Number.MAX_SAFE_INTEGER) {
      throw bad("fewer than 2^53 bytes", `shape (${shape.join(", ")})`, "The file is damaged.");
    }
  }
  return {
    dtype,
    shape,
    fortranOrder,
    littleEndian: order !== ">",
    dataStart,
    count,
    dataBytes: count * DTYPES[dtype].bytes,
  };
}

/**
 * A whole .npy file as a tensor in row-major order. Sizes are checked against the bytes at hand
 * before anything is allocated. float16 stays as raw patterns; see `toFloat32`.
 */
export function readNpy(bytes: Uint8Array): Tensor {
  const header = readNpyHeader(bytes);
  const have = bytes.length - header.dataStart;
  if (have < header.dataBytes) {
    throw cut(`${header.dataBytes} bytes of elements`, `${have}`);
  }
  if (have > header.dataBytes) {
    throw bad(
      `${header.dataBytes} bytes of elements`,
      `${have}`,
      "Something was appended; save one array per file.",
    );
  }
  const { dtype, shape, count, dataStart, littleEndian, fortranOrder } = header;
  const data = copyElements(bytes, dataStart, count, dtype, littleEndian);
  return { data: fortranOrder ? toRowMajor(data, shape) : data, shape, dtype };
}

/**
 * A tensor as a .npy file, version 1.0, little-endian, row-major: the bytes that numpy.save writes.
 */
export function writeNpy(tensor: Tensor): Uint8Array {
  const dtype = checkTensor(tensor);
  const header = npyHeaderBytes(dtype, tensor.shape);
  const out = new Uint8Array(header.length + tensor.data.byteLength);
  out.set(header);
  out.set(littleEndianBytes(tensor.data), header.length);
  return out;
}

/** The header that comes before the elements, for writers that append them piece by piece. */
export function npyHeaderBytes(dtype: DType, shape: readonly number[]): Uint8Array {
  const descr = TO_DESCR.get(dtype);
  if (descr === undefined) {
    throw new ArgumentError("npy dtype", {
      expected: `one of ${[...TO_DESCR.keys()].join(", ")}`,
      got: String(dtype),
      remedy: "NumPy has no bfloat16; convert to float32.",
    });
  }
  if (shape.length > MAX_AXES) {
    throw new ArgumentError("npy shape", {
      expected: `at most ${MAX_AXES} axes`,
      got: String(shape.length),
      remedy: "Merge axes.",
    });
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // NumPy leaves room to grow the first axis in place: up to 20 digits in all.
  const growth = shape.length > 0 ? 21 - String(shape[0]).length : 0;
  const room = dict.length + growth + 1;
  const total = Math.ceil((10 + room) / 64) * 64;
  const out = new Uint8Array(total).fill(0x20);
  out.set(MAGIC);
  out[6] = 1;
  out[7] = 0;
  new DataView(out.buffer).setUint16(8, total - 10, true);
  for (let i = 0; i < dict.length; i++) out[10 + i] = dict.charCodeAt(i);
  out[total - 1] = 0x0a;
  return out;
}

/** Numbers of a tensor as float32; float16 and bfloat16 are decoded, integers rounded. */
export function toFloat32(tensor: Tensor): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  if (tensor.dtype === "float16") return Float32Array.from(data as Uint16Array, halfToFloat);
  if (tensor.dtype === "bfloat16") {
    const bits = Uint32Array.from(data as Uint16Array, (v) => v << 16);
    return new Float32Array(bits.buffer);
  }
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float32Array.from(data as ArrayLike<bigint>, Number)
    : Float32Array.from(data);
}

/**
 * Reads `length` bytes from `offset` on; fewer only at the end of the source. What it returned must not
 * change afterwards: chunks may be views of it.
 */
export type ByteReader = (offset: number, length: number) => Promise<Uint8Array> | Uint8Array;

export interface NpyRows {
  readonly header: NpyHeader;
  readonly rows: number;
  readonly columns: number;
  /** A fresh pass over the rows as float32, in chunks of at most `rowsPerChunk`. */
  chunks(rowsPerChunk?: number): AsyncGenerator<Matrix>;
}

/** Bytes of one chunk where the caller does not choose. */
const CHUNK_BYTES = 4 << 20;

/**
 * Rows of a .npy matrix, chunk by chunk, from a source of bytes that may be larger than memory. An
 * array of more axes is read as [product of the leading axes, last axis], one of a single axis as
 * [N, 1].
 *
 * @param byteLength bytes of the whole source
 * @throws FormatError if it is not what its header says, or in Fortran order (such a file cannot be
 *   read by rows; `readNpy` takes it whole)
 */
export async function openNpyRows(read: ByteReader, byteLength: number): Promise<NpyRows> {
  const header = readNpyHeader(await read(0, Math.min(byteLength, NPY_HEADER_BYTES)));
  const { dtype, shape, dataStart, dataBytes, count, fortranOrder, littleEndian } = header;
  if (dataStart + dataBytes !== byteLength) {
    throw bad(
      `${dataBytes} bytes of elements`,
      `${byteLength - dataStart}`,
      "The file is cut short, or something was appended to it.",
    );
  }
  const columns = shape.length < 2 ? 1 : shape[shape.length - 1]!;
  if (columns === 0) {
    throw bad("rows of at least one number", `shape (${shape.join(", ")})`, "Save another array.");
  }
  const rows = count / columns;
  if (fortranOrder && rows > 1 && columns > 1) {
    throw bad(
      "row-major order",
      "Fortran order",
      "Save a C-ordered copy: numpy.save(path, numpy.ascontiguousarray(array)).",
    );
  }
  const rowBytes = columns * DTYPES[dtype].bytes;
  return {
    header,
    rows,
    columns,
    async *chunks(rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / Math.max(1, rowBytes)))) {
      if (!Number.isSafeInteger(rowsPerChunk) || rowsPerChunk < 1) {
        throw new ArgumentError("rowsPerChunk", {
          expected: "a positive integer",
          got: String(rowsPerChunk),
          remedy: "Leave it out for chunks of about 4 MB.",
        });
      }
      if (rowsPerChunk * Math.max(rowBytes, 4 * columns) > 2 ** 31) {
        throw new LimitError("rowsPerChunk", {
          expected: "chunks of at most 2 GiB",
          got: `${rowsPerChunk} rows of ${rowBytes} bytes`,
          remedy: "Read fewer rows at once.",
        });
      }
      const take = async (row: number): Promise<Uint8Array> =>
        read(dataStart + row * rowBytes, Math.min(rowsPerChunk, rows - row) * rowBytes);
      let ahead = rows > 0 ? take(0) : undefined;
      for (let row = 0; row < rows; row += rowsPerChunk) {
        const n = Math.min(rowsPerChunk, rows - row);
        const bytes = await ahead!;
        // The next chunk is read while this one is worked on.
        ahead = row + n < rows ? take(row + n) : undefined;
        // Whoever stops early does not hear of it.
        ahead?.catch(() => undefined);
        if (bytes.length !== n * rowBytes) {
          throw cut(`${n * rowBytes} bytes at row ${row}`, `${bytes.length}`);
        }
        const data =
          viewOfFloats(bytes, dtype, littleEndian) ??
          copyElements(bytes, 0, n * columns, dtype, littleEndian);
        yield { data: toFloat32({ data, shape: [n, columns], dtype }), shape: [n, columns] };
      }
    },
  };
}

/** Bytes as the float32 numbers that they are, where no byte has to move. */
function viewOfFloats(
  { buffer, byteOffset, length }: Uint8Array,
  dtype: string,
  littleEndian: boolean,
): Float32Array | undefined {
  if (dtype !== "float32" || littleEndian !== LITTLE_ENDIAN || byteOffset % 4 !== 0)
    return undefined;
  return new Float32Array(buffer as ArrayBuffer, byteOffset, length / 4);
}

/** Column-major elements to row-major ones. */
function toRowMajor(data: TensorData, shape: readonly number[]): TensorData {
  if (shape.length < 2 || data.length === 0) return data;
  const out = data.slice();
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape) {
    strides.push(stride);
    stride *= extent;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    out[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

type Literal = string | boolean | number[] | undefined;

/**
 * The part of Python's literals that headers of plain arrays use: a dict of strings to a string, a
 * boolean or a tuple of non-negative integers. Anything else ends in an error, never in evaluation.
 */
class DictParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Map<string, Literal> {
    const fields = new Map<string, Literal>();
    this.#expect("{");
    while (!this.#take("}")) {
      const key = this.#string();
      if (fields.has(key)) throw this.#error("every key once");
      this.#expect(":");
      fields.set(key, this.#value());
      if (!this.#take(",")) {
        this.#expect("}");
        break;
      }
    }
    this.#skip();
    if (this.#at !== this.#text.length) throw this.#error("nothing after the dict");
    return fields;
  }

  #value(): Literal {
    this.#skip();
    const c = this.#text[this.#at];
    if (c === "'" || c === '"') return this.#string();
    if (this.#word("True")) return true;
    if (this.#word("False")) return false;
    if (this.#take("(")) {
      const extents: number[] = [];
      while (!this.#take(")")) {
        extents.push(this.#integer());
        if (extents.length > MAX_AXES) throw this.#error(`at most ${MAX_AXES} axes`);
        if (!this.#take(",")) {
          if (extents.length === 1) throw this.#error("a tuple");
          this.#expect(")");
          break;
        }
      }
      return extents;
    }
    if (c === "[") {
      // The list of fields of a structured array; told apart for the sake of its message.
      throw bad(
        "a plain array",
        "one with named fields",
        "Save one field of it: numpy.save(path, array['name']).",
      );
    }
    throw this.#error("a string, True, False or a tuple");
  }

  #string(): string {
    this.#skip();
    const quote = this.#text[this.#at];
    if (quote !== "'" && quote !== '"') throw this.#error("a string");
    const end = this.#text.indexOf(quote, this.#at + 1);
    const value = end < 0 ? "\\" : this.#text.slice(this.#at + 1, end);
    if (value.includes("\\") || value.includes("\n")) throw this.#error("a plain string");
    this.#at = end + 1;
    return value;
  }

  #integer(): number {
    this.#skip();
    const digits = /^\d{1,16}(?!\d)/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (digits === null || Number(digits[0]) > Number.MAX_SAFE_INTEGER) {
      throw this.#error("an integer below 2^53");
    }
    this.#at += digits[0].length;
    this.#take("L"); // Python 2 wrote long integers so
    return Number(digits[0]);
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #take(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw this.#error(JSON.stringify(char));
  }

  #skip(): void {
    while (" \n\t\r".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #error(expected: string): FormatError {
    const found = this.#text.slice(this.#at, this.#at + 12);
    return bad(
      `${expected} at character ${this.#at} of the header`,
      found === "" ? "its end" : JSON.stringify(found),
      "The file is damaged, or holds no plain array of numbers.",
    );
  }
}

function bad(expected: string, got: string, remedy: string): FormatError {
  return new FormatError("npy file", { expected, got, remedy });
}

function cut(expected: string, got: string): FormatError {
  return bad(expected, got, "The file is cut short; copy or save it again.");
}
