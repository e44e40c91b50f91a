import { FormatError, IntegrityError } from "@dtok/core";

/**
 * Refuses a model that would read other files. Walks the protobuf's structure only where tensors can
 * stand (ModelProto.graph -> GraphProto.initializer, node attributes, subgraphs, functions), skipping
 * everything else by its length, so a model of any size costs a fraction of its load.
 */
export function refuseExternalData(bytes: Uint8Array): void {
  if (bytes.length === 0) throw malformed("an empty file");
  walk(bytes, 0, bytes.length, "model", 0);
}

/** Message kinds and, per field number, the kind of the nested message to look into. */
const NESTED: Record<string, Readonly<Record<number, string>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};
const MAX_DEPTH = 64;

function malformed(got: string): FormatError {
  return new FormatError("ONNX model", {
    expected: "a well-formed ONNX file",
    got,
    remedy: "The file is cut short or is not a model: fetch it again.",
  });
}

function walk(bytes: Uint8Array, start: number, end: number, kind: string, depth: number): void {
  if (depth > MAX_DEPTH) throw malformed(`graphs nested more than ${MAX_DEPTH} deep`);
  const nested = NESTED[kind] as Readonly<Record<number, string>>;
  let at = start;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at >= end) throw malformed("an end inside a number");
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw malformed("a number of more than ten bytes");
  };
  while (at < end) {
    const key = varint();
    const field = Math.floor(key / 8);
    const wire = key % 8;
    if (field === 0) throw malformed("field number 0");
    if (wire === 0) {
      const value = varint();
      // TensorProto.data_location (14) = EXTERNAL (1).
      if (kind === "tensor" && field === 14 && value === 1) throw external();
    } else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (length > end - at) throw malformed("a part that is longer than the file");
      // TensorProto.external_data (13): location, offset, length.
      if (kind === "tensor" && field === 13) throw external();
      const inner = nested[field];
      if (inner) walk(bytes, at, at + length, inner, depth + 1);
      at += length;
    } else throw malformed(`wire type ${wire}`);
    if (at > end) throw malformed("an end inside a number");
  }
}

function external(): IntegrityError {
  return new IntegrityError("ONNX model", {
    expected: "a model that holds all of its weights",
    got: "one that wants to read another file",
    remedy: "Save it with its weights inside (one file); dtok never lets a graph open files.",
  });
}
