import { FormatError, IntegrityError } from "@dtok/core";

/**
 * Refuses a model that would read other files. Walks the protobuf's structure only where tensors can
 * stand (graphs, node attributes, functions, training parts) and skips everything else by its length:
 * linear in the number of fields, bounded in depth, nothing allocated for weights.
 *
 * Field numbers are those of onnx.proto3. Where two readers could disagree (numbers of more than 32
 * bits, groups), the file is refused, so that ONNX Runtime cannot see what this walk did not.
 *
 * @param permitted names of external files that the caller supplies with the model
 * @throws FormatError where the bytes are not an ONNX model
 * @throws IntegrityError where it wants a file that is not permitted
 */
export function refuseExternalData(
  bytes: Uint8Array,
  permitted: ReadonlySet<string> = new Set(),
): void {
  if (Object.prototype.toString.call(bytes) !== "[object Uint8Array]") {
    throw malformed(Object.prototype.toString.call(bytes).slice(8, -1));
  }
  if (bytes.length === 0) throw malformed("an empty file");
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (text.startsWith("version https://git-lfs")) throw malformed("a Git LFS pointer");
  if (/^\s*(<[!?a-z]|\{)/i.test(text)) throw malformed("a text file (HTML, XML or JSON)");
  if (text.slice(4, 8) === "ORTM") throw malformed("a model in ONNX Runtime's own .ort format");
  const walk: Walk = { bytes, permitted, graphs: 0 };
  walkMessage(walk, 0, bytes.length, "model", 0);
  if (walk.graphs === 0) throw malformed("a file without a graph");
}

interface Walk {
  readonly bytes: Uint8Array;
  readonly permitted: ReadonlySet<string>;
  graphs: number;
}

type Kind =
  "model" | "training" | "graph" | "function" | "node" | "attribute" | "sparse" | "tensor";

/** Per message, the fields that hold messages worth a look. */
const NESTED: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};
/** protobuf itself stops at 100 nested messages. */
const MAX_DEPTH = 100;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;

function walkMessage(walk: Walk, start: number, end: number, kind: Kind, depth: number): void {
  if (depth > MAX_DEPTH) throw malformed(`messages nested more than ${MAX_DEPTH} deep`);
  if (kind === "graph") walk.graphs++;
  let external = false;
  let locations = 0;
  eachField(walk.bytes, start, end, (field, wire, from, to, value) => {
    if (kind === "tensor") {
      // An enum is cut to 32 bits by the reader; anything but DEFAULT (0) counts as EXTERNAL.
      if (field === TENSOR_DATA_LOCATION && wire === 0 && value !== 0) external = true;
      if (field === TENSOR_EXTERNAL_DATA && wire === 2) {
        external = true;
        const location = locationOf(walk.bytes, from, to);
        if (location !== undefined) {
          locations++;
          if (!walk.permitted.has(location)) throw refused(JSON.stringify(location.slice(0, 200)));
        }
      }
    }
    if (wire !== 2) return;
    const inner = NESTED[kind][field];
    if (inner !== undefined) walkMessage(walk, from, to, inner, depth + 1);
  });
  if (external && locations === 0) throw refused("an unnamed file");
}

/** Value of a StringStringEntryProto (key 1, value 2) whose key is "location". */
function locationOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  let key = "";
  let value = "";
  const decoder = new TextDecoder();
  eachField(bytes, start, end, (field, wire, from, to) => {
    if (wire !== 2) return;
    // A field that occurs twice: the last one counts, as in protobuf.
    if (field === 1) key = decoder.decode(bytes.subarray(from, Math.min(to, from + 64)));
    if (field === 2) value = decoder.decode(bytes.subarray(from, Math.min(to, from + 4096)));
  });
  return key === "location" ? value : undefined;
}

/** Calls back with every field of the message in [start, end): bytes [from, to), or the number. */
function eachField(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (field: number, wire: number, from: number, to: number, value: number) => void,
): void {
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
    if (key > 0xffffffff) throw malformed("a field key of more than 32 bits");
    const field = Math.floor(key / 8);
    const wire = key % 8;
    if (field === 0) throw malformed("field number 0");
    let from = at;
    let value = 0;
    if (wire === 0) value = varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      from = at;
      // Not `at + length > end`: a length near 2^64 would lose the small part of the sum.
      if (length > end - at) throw malformed("a part that is longer than the whole");
      at += length;
    } else throw malformed(`wire type ${wire}`);
    if (at > end) throw malformed("an end inside a number");
    visit(field, wire, from, at, value);
  }
}

function malformed(got: string): FormatError {
  return new FormatError("ONNX model", {
    expected: "the bytes of a whole ONNX file (a Uint8Array)",
    got,
    remedy: "The file is cut short or is not a model: fetch it again.",
  });
}

function refused(location: string): IntegrityError {
  return new IntegrityError("ONNX model", {
    expected: "a model that holds all of its weights",
    got: `one that wants to read another file: ${location}`,
    remedy:
      "Save it as one file, or hand the file's bytes over in `externalData` under that name; a graph never opens files itself.",
  });
}
