/** Element types of a tensor. `float16` and `bfloat16` are carried as their raw 16-bit patterns. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense row-major array: `data.length` is the product of `shape`. */
export interface Tensor<T extends TensorData = TensorData> {
  readonly data: T;
  readonly shape: readonly number[];
  /** Needed only where `data` leaves it open (float16 in a Uint16Array, bool in a Uint8Array). */
  readonly dtype?: DType;
}

/** N vectors of D numbers: `data[n * D + d]`, shape [N, D]. */
export interface Matrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, columns: number];
}
