import { ArgumentError, ShapeError } from "../errors/index.js";
import { isCount } from "../quantizers/checks.js";
import type { DType, Tensor, TensorData } from "../spec/tensor.js";

interface DTypeInfo {
  /** Bytes of one element. */
  readonly bytes: number;
  readonly array: TensorDataConstructor;
}

interface TensorDataConstructor {
  new (length: number): TensorData;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): TensorData;
  readonly name: string;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float32: { bytes: 4, array: Float32Array },
  float64: { bytes: 8, array: Float64Array },
  float16: { bytes: 2, array: Uint16Array },
  bfloat16: { bytes: 2, array: Uint16Array },
  int8: { bytes: 1, array: Int8Array },
  uint8: { bytes: 1, array: Uint8Array },
  int16: { bytes: 2, array: Int16Array },
  uint16: { bytes: 2, array: Uint16Array },
  int32: { bytes: 4, array: Int32Array },
  uint32: { bytes: 4, array: Uint32Array },
  int64: { bytes: 8, array: BigInt64Array },
  uint64: { bytes: 8, array: BigUint64Array },
  bool: { bytes: 1, array: Uint8Array },
};

const DEFAULT_DTYPE: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Uint8Array: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
};

/** Element type of a tensor: its `dtype`, else the one that its array stands for. */
export function dtypeOf(tensor: Tensor, what = "tensor"): DType {
  const tag = Object.prototype.toString.call(tensor?.data).slice(8, -1);
  const byArray = DEFAULT_DTYPE[tag];
  if (byArray === undefined) {
    throw new ArgumentError(what, {
      expected: "data in a typed array of numbers",
      got: tag,
      remedy: `Use one of ${Object.keys(DEFAULT_DTYPE).join(", ")}.`,
    });
  }
  const dtype = tensor.dtype ?? byArray;
  if (!Object.hasOwn(DTYPES, dtype) || DTYPES[dtype].array.name !== tag) {
    throw new ArgumentError(what, {
      expected: `a dtype that a ${tag} can hold`,
      got: String(dtype),
      remedy: "Leave dtype out, or put the values into the array that the dtype asks for.",
    });
  }
  return dtype;
}

/** Product of a shape, checked against the data's length. */
export function checkTensor(tensor: Tensor, what = "tensor"): DType {
  const dtype = dtypeOf(tensor, what);
  const { shape, data } = tensor;
  const count =
    Array.isArray(shape) && shape.every(isCount) ? shape.reduce((a, b) => a * b, 1) : -1;
  if (count !== data.length) {
    throw new ShapeError(what, {
      expected: `a shape whose product is the ${data.length} elements of data`,
      got: Array.isArray(shape) ? `[${shape.map(String).join(", ")}]` : String(shape),
      remedy: "Correct the shape.",
    });
  }
  return dtype;
}

export const LITTLE_ENDIAN = /* @__PURE__ */ (() =>
  new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)();

/**
 * A typed array of `count` elements over a copy of `bytes` from `offset` on. The copy makes the
 * result aligned, and independent of the file's bytes.
 */
export function copyElements(
  bytes: Uint8Array,
  offset: number,
  count: number,
  dtype: DType,
  littleEndian = true,
): TensorData {
  const info = DTYPES[dtype];
  const copy = new Uint8Array(count * info.bytes);
  copy.set(bytes.subarray(offset, offset + copy.length));
  if (littleEndian !== LITTLE_ENDIAN) swapBytes(copy, info.bytes);
  return new info.array(copy.buffer, 0, count);
}

/** Little-endian bytes of a typed array: a view of it where the machine allows. */
export function littleEndianBytes(data: TensorData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE_ENDIAN || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

/** Reverses the bytes of each element, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let start = 0; start + size <= bytes.length; start += size) {
    for (let i = 0, j = size - 1; i < j; i++, j--) {
      const kept = bytes[start + i]!;
      bytes[start + i] = bytes[start + j]!;
      bytes[start + j] = kept;
    }
  }
}
