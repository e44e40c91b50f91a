import type { DType, Tensor } from "@dtok/core";

/**
 * A writer of ONNX's protobuf wire format, for the few messages that dtok emits. The one npm package
 * of the kind has not been released for years and brings an old protobufjs; writing needs no schema.
 */

export interface OnnxAttribute {
  readonly name: string;
  readonly value: number | bigint | string | readonly number[] | readonly bigint[] | Tensor;
  /** Numbers are integers unless this says "float". */
  readonly type?: "float" | "int";
}

export interface OnnxNode {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly OnnxAttribute[];
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** A string names a dimension that the caller chooses. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: Readonly<Record<string, Tensor>>;
}

const DTYPE_CODES: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

export function dtypeCode(dtype: DType): number {
  return DTYPE_CODES[dtype];
}

export function dtypeOf(tensor: Tensor): DType {
  if (tensor.dtype) return tensor.dtype;
  const { data } = tensor;
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Uint16Array) return "uint16";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof BigInt64Array) return "int64";
  return "uint64";
}

const encoder = new TextEncoder();

/** Collects fields as chunks; nested messages are finished first, so lengths are known. */
class Message {
  readonly chunks: Uint8Array[] = [];
  size = 0;

  private push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.size += bytes.length;
  }

  private varint(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest === 0n ? low : low | 128);
    } while (rest !== 0n);
    this.push(Uint8Array.from(bytes));
  }

  int(field: number, value: number | bigint): this {
    this.varint(field << 3);
    this.varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.varint((field << 3) | 5);
    this.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.varint((field << 3) | 2);
    this.varint(value.length);
    this.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: Message): this {
    this.varint((field << 3) | 2);
    this.varint(value.size);
    for (const chunk of value.chunks) this.push(chunk);
    return this;
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}

function tensorMessage(name: string, tensor: Tensor): Message {
  const message = new Message();
  for (const size of tensor.shape) message.int(1, size);
  message.int(2, DTYPE_CODES[dtypeOf(tensor)]);
  if (name !== "") message.string(8, name);
  const { buffer, byteOffset, byteLength } = tensor.data;
  return message.bytes(9, new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}

function attributeMessage({ name, value, type }: OnnxAttribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === "string") return message.bytes(4, encoder.encode(value)).int(20, 3);
  if (typeof value === "bigint") return message.int(3, value).int(20, 2);
  if (typeof value === "number") {
    return type === "float" ? message.float(2, value).int(20, 1) : message.int(3, value).int(20, 2);
  }
  if (Array.isArray(value)) {
    for (const item of value as readonly (number | bigint)[]) {
      if (type === "float") message.float(7, Number(item));
      else message.int(8, item);
    }
    return message.int(20, type === "float" ? 6 : 7);
  }
  return message.message(5, tensorMessage("", value as Tensor)).int(20, 4);
}

function valueInfoMessage({ name, dtype, shape }: OnnxValueInfo): Message {
  const dims = new Message();
  for (const size of shape) {
    const dim = new Message();
    if (typeof size === "string") dim.string(2, size);
    else dim.int(1, size);
    dims.message(1, dim);
  }
  const tensorType = new Message().int(1, DTYPE_CODES[dtype]).message(2, dims);
  return new Message().string(1, name).message(2, new Message().message(1, tensorType));
}

/** An ONNX model (IR 8, opset 17; `com.microsoft` contrib operators allowed) as bytes. */
export function writeOnnx(
  graph: OnnxGraph,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const body = new Message();
  for (const node of graph.nodes) {
    const message = new Message();
    for (const input of node.inputs) message.string(1, input);
    for (const output of node.outputs) message.string(2, output);
    if (node.name) message.string(3, node.name);
    message.string(4, node.op);
    for (const attribute of node.attributes ?? []) message.message(5, attributeMessage(attribute));
    if (node.domain) message.string(7, node.domain);
    body.message(1, message);
  }
  body.string(2, graph.name);
  for (const [name, tensor] of Object.entries(graph.initializers)) {
    body.message(5, tensorMessage(name, tensor));
  }
  for (const input of graph.inputs) body.message(11, valueInfoMessage(input));
  for (const output of graph.outputs) body.message(12, valueInfoMessage(output));

  const model = new Message().int(1, 8).string(2, "dtok").message(7, body);
  model.message(8, new Message().string(1, "").int(2, 17));
  if (graph.nodes.some((node) => node.domain === "com.microsoft")) {
    model.message(8, new Message().string(1, "com.microsoft").int(2, 1));
  }
  for (const [key, value] of Object.entries(metadata)) {
    model.message(14, new Message().string(1, key).string(2, value));
  }
  return model.finish();
}
