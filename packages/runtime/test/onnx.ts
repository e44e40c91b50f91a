/** A writer of toy ONNX models, field by field, so that tests can also write wrong ones. */

export type Bytes = readonly number[];

const text = (value: string): Bytes => [...new TextEncoder().encode(value)];

export function varint(value: number): Bytes {
  const bytes: number[] = [];
  do {
    bytes.push((value % 128) | (value >= 128 ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

/** A length-delimited field: a message, a string, raw bytes. */
export function field(number: number, ...parts: (Bytes | string)[]): Bytes {
  const body = parts.flatMap((part) => (typeof part === "string" ? text(part) : part));
  return [...varint(number * 8 + 2), ...varint(body.length), ...body];
}

export function int(number: number, value: number): Bytes {
  return [...varint(number * 8), ...varint(value)];
}

export const TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
} as const;
export type TypeName = keyof typeof TYPE;

/** ValueInfoProto of a tensor; a string names an open dimension. */
export function value(name: string, type: TypeName, shape: readonly (number | string)[]): Bytes {
  const dims = shape.map((size) =>
    field(1, typeof size === "number" ? int(1, size) : field(2, size)),
  );
  return [...field(1, name), ...field(2, field(1, int(1, TYPE[type]), field(2, ...dims)))];
}

/** AttributeProto with an integer. */
export const attribute = (name: string, i: number): Bytes => [
  ...field(1, name),
  ...int(3, i),
  ...int(20, 2),
];

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ...attributes: Bytes[]
): Bytes {
  return [
    ...inputs.flatMap((name) => field(1, name)),
    ...outputs.flatMap((name) => field(2, name)),
    ...field(4, op),
    ...attributes.flatMap((a) => field(5, a)),
  ];
}

/** TensorProto with float32 raw data. */
export function floats(name: string, shape: readonly number[], values: readonly number[]): Bytes {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return [
    ...shape.flatMap((n) => int(1, n)),
    ...int(2, 1),
    ...field(8, name),
    ...field(9, [...raw]),
  ];
}

/** TensorProto whose values lie in another file. */
export function external(name: string, shape: readonly number[], location: string): Bytes {
  return [
    ...shape.flatMap((n) => int(1, n)),
    ...int(2, 1),
    ...field(8, name),
    ...field(13, field(1, "location"), field(2, location)),
    ...int(14, 1),
  ];
}

export interface Parts {
  readonly nodes: readonly Bytes[];
  readonly inputs: readonly Bytes[];
  readonly outputs: readonly Bytes[];
  readonly initializers?: readonly Bytes[];
}

export function graph({ nodes, inputs, outputs, initializers = [] }: Parts): Bytes {
  return [
    ...nodes.flatMap((n) => field(1, n)),
    ...field(2, "g"),
    ...initializers.flatMap((t) => field(5, t)),
    ...inputs.flatMap((v) => field(11, v)),
    ...outputs.flatMap((v) => field(12, v)),
  ];
}

/** ModelProto of IR 8, opset 17. */
export function model(parts: Parts, ...more: Bytes[]): Uint8Array {
  return Uint8Array.from([
    ...int(1, 8),
    ...field(7, graph(parts)),
    ...field(8, field(1, ""), int(2, 17)),
    ...more.flat(),
  ]);
}

/** y = x + [1, 2], x float32 [N, 2]. */
export function addModel(bias: readonly number[] = [1, 2]): Uint8Array {
  return model({
    nodes: [node("Add", ["x", "w"], ["y"])],
    inputs: [value("x", "float32", ["N", 2])],
    outputs: [value("y", "float32", ["N", 2])],
    initializers: [floats("w", [2], bias)],
  });
}

/** y = x of any type, shape [n]. */
export function identityModel(type: TypeName): Uint8Array {
  return model({
    nodes: [node("Identity", ["x"], ["y"])],
    inputs: [value("x", type, ["n"])],
    outputs: [value("y", type, ["n"])],
  });
}
