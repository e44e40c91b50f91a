import { ArgumentError, FormatError, ShapeError, checkTensor } from "@dtok/core";
import type { DType, Tensor, TensorData, TensorSpec } from "@dtok/core";
import type { OrtBinding, OrtSession, OrtTensor, OrtValueMetadata } from "./binding.js";

/** Element types that both ONNX Runtime bindings carry as typed arrays. */
const CARRIED: ReadonlySet<string> = new Set<DType>([
  "float32",
  "float64",
  "float16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "bool",
]);

/**
 * Names, element types and shapes of a session's inputs or outputs.
 *
 * @throws FormatError for sequences, maps, strings and types that no typed array holds
 */
export function tensorSpecs(session: OrtSession, side: "input" | "output"): TensorSpec[] {
  const metadata: readonly OrtValueMetadata[] | undefined =
    side === "input" ? session.inputMetadata : session.outputMetadata;
  if (metadata === undefined) {
    throw new FormatError(`${side}s of the model`, {
      expected: "an ONNX Runtime that tells their types and shapes",
      got: "a version that does not",
      remedy: "Install onnxruntime-node or onnxruntime-web 1.21 or later.",
    });
  }
  return metadata.map(({ name, isTensor, type, shape }) => {
    if (!isTensor || type === undefined || !CARRIED.has(type)) {
      throw new FormatError(`${side} "${name}" of the model`, {
        expected: `a tensor of ${[...CARRIED].join(", ")}`,
        got: isTensor ? `a tensor of ${String(type)}` : "a sequence or a map",
        remedy: "Export the model with numeric tensors at its borders.",
      });
    }
    return {
      name,
      dtype: type as DType,
      shape: (shape ?? []).map((size, axis) =>
        typeof size === "number" && size >= 0 ? size : openName(size, axis),
      ),
    };
  });
}

/** A dimension without a name still needs one that tells it apart in messages. */
function openName(size: number | string, axis: number): string {
  return typeof size === "string" && size !== "" ? size : `axis${axis}`;
}

export function describeSpec({ dtype, shape }: TensorSpec): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/**
 * Type, rank and fixed dimensions of `tensor` against what the graph declares.
 *
 * @throws ArgumentError (type), ShapeError (shape)
 */
export function checkAgainstSpec(tensor: Tensor, spec: TensorSpec, what: string): void {
  const dtype = checkTensor(tensor, what);
  if (dtype !== spec.dtype) {
    throw new ArgumentError(what, {
      expected: describeSpec(spec),
      got: `${dtype} [${tensor.shape.join(", ")}]`,
      remedy:
        spec.dtype === "float16" || spec.dtype === "bool"
          ? `Say dtype: "${spec.dtype}" beside the data.`
          : "Convert the data to the model's element type.",
    });
  }
  const { shape } = tensor;
  const fits =
    shape.length === spec.shape.length &&
    spec.shape.every((size, axis) => typeof size === "string" || size === shape[axis]);
  if (!fits) {
    throw new ShapeError(what, {
      expected: describeSpec(spec),
      got: `${dtype} [${shape.join(", ")}]`,
      remedy: "Reshape, pad or resize the data to the model's shape.",
    });
  }
}

export function toOrt(binding: OrtBinding, tensor: Tensor, dtype: DType): OrtTensor {
  return new binding.Tensor(dtype, tensor.data, [...tensor.shape]);
}

/** ImageData's clamped bytes, which no dtype names, as the plain bytes that they are. */
export function plainBytes(tensor: Tensor): Tensor {
  const data = tensor?.data as unknown;
  return data instanceof Uint8ClampedArray
    ? { ...tensor, data: new Uint8Array(data.buffer, data.byteOffset, data.length) }
    : tensor;
}

/** A core Tensor over the same memory. float16 and bool keep their `dtype`, since their arrays leave it open. */
export function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  const values =
    type === "float16" && Object.prototype.toString.call(data) === "[object Float16Array]"
      ? rawHalves(data as ArrayBufferView)
      : (data as TensorData);
  return { data: values, shape: [...dims], dtype: type as DType };
}

/** Newer engines know Float16Array and ONNX Runtime then answers in one; dtok carries raw patterns. */
function rawHalves(data: ArrayBufferView): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}
