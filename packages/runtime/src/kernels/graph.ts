/** Just enough protobuf for one ONNX graph; @dtok/train's writer lies above this package. */
class Bytes {
  readonly #out: number[] = [];

  #varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#out.push((rest % 128) | 128);
    this.#out.push(rest);
  }

  int(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: ArrayLike<number>): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    for (let i = 0; i < value.length; i++) this.#out.push(value[i]!);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Bytes): this {
    return this.bytes(field, value.#out);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#out);
  }
}

function node(op: string, inputs: readonly string[], output: string, ints?: [string, number[]][]) {
  const out = new Bytes();
  for (const input of inputs) out.text(1, input);
  out.text(2, output).text(4, op);
  for (const [name, values] of ints ?? []) {
    const attribute = new Bytes().text(1, name);
    if (name === "axes") for (const value of values) attribute.int(8, value);
    else attribute.int(3, values[0]!);
    out.message(5, attribute.int(20, name === "axes" ? 7 : 2));
  }
  return out;
}

function floatValue(name: string, shape: readonly (number | string)[]): Bytes {
  return value(name, FLOAT, shape);
}

/** Element types of onnx.proto. */
const [FLOAT, UINT8, INT8] = [1, 2, 3];

function value(name: string, type: number, shape: readonly (number | string)[]): Bytes {
  const dims = new Bytes();
  for (const size of shape) {
    const dim = new Bytes();
    dims.message(1, typeof size === "string" ? dim.text(2, size) : dim.int(1, size));
  }
  return new Bytes()
    .text(1, name)
    .message(2, new Bytes().message(1, new Bytes().int(1, type).message(2, dims)));
}

/**
 * ONNX graph (opset 17): a [n, width], w0 … [width, chunkSize] to y [n, chunks chunkSize / group],
 * the least of each product seen as [n, group, chunkSize / group] over its middle axis.
 */
export function groupMinimaGraph(
  width: number,
  chunks: number,
  chunkSize: number,
  group: number,
): Uint8Array {
  const graph = new Bytes();
  const lanes = chunkSize / group;
  const parts = Array.from({ length: chunks }, (_, c) => `m${c}`);
  for (let c = 0; c < chunks; c++) {
    // A group of one has nothing to reduce.
    graph.message(1, node("MatMul", ["a", `w${c}`], group === 1 ? parts[c]! : `s${c}`));
    if (group === 1) continue;
    graph.message(1, node("Reshape", [`s${c}`, "shape"], `r${c}`));
    const attributes: [string, number[]][] = [
      ["axes", [1]],
      ["keepdims", [0]],
    ];
    graph.message(1, node("ReduceMin", [`r${c}`], parts[c]!, attributes));
  }
  graph.message(1, node("Concat", parts, "y", [["axis", [1]]]));
  graph.text(2, "group-minima");
  const shape = new Uint8Array(BigInt64Array.of(-1n, BigInt(group), BigInt(lanes)).buffer);
  graph.message(5, new Bytes().int(1, 3).int(2, 7).text(8, "shape").bytes(9, shape));
  graph.message(11, floatValue("a", ["n", width]));
  for (let c = 0; c < chunks; c++) graph.message(11, floatValue(`w${c}`, [width, chunkSize]));
  graph.message(12, floatValue("y", ["n", chunks * lanes]));
  const opset = new Bytes().text(1, "").int(2, 17);
  return new Bytes().int(1, 8).text(2, "dtok").message(7, graph).message(8, opset).finish();
}

/**
 * ONNX graph (opset 17 and com.microsoft 1): a [n, d] uint8, b [d, k] int8 and s [k] to
 * y [n, k] = s (a - 128) b.
 */
export function byteProductGraph(): Uint8Array {
  const product = new Bytes();
  for (const input of ["a", "b", "one", "s", "zero"]) product.text(1, input);
  product.text(2, "y").text(4, "MatMulIntegerToFloat").text(7, "com.microsoft");
  const one = new Uint8Array(Float32Array.of(1).buffer);
  const graph = new Bytes()
    .message(1, product)
    .text(2, "byte-product")
    .message(5, new Bytes().int(2, FLOAT).text(8, "one").bytes(9, one))
    .message(5, new Bytes().int(2, UINT8).text(8, "zero").bytes(9, [128]))
    .message(11, value("a", UINT8, ["n", "d"]))
    .message(11, value("b", INT8, ["d", "k"]))
    .message(11, value("s", FLOAT, ["k"]))
    .message(12, value("y", FLOAT, ["n", "k"]));
  const model = new Bytes().int(1, 8).text(2, "dtok").message(7, graph);
  model.message(8, new Bytes().text(1, "").int(2, 17));
  return model.message(8, new Bytes().text(1, "com.microsoft").int(2, 1)).finish();
}
