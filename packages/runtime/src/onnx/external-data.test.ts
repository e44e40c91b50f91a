import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addModel,
  external,
  field,
  floats,
  graph,
  int,
  model,
  node,
  value,
} from "../../test/onnx.js";
import type { Bytes } from "../../test/onnx.js";
import { refuseExternalData } from "./external-data.js";

/** "ok", or the code of the typed error; anything else is thrown. */
function verdict(bytes: Uint8Array, permitted: readonly string[] = []): string {
  try {
    refuseExternalData(bytes, new Set(permitted));
    return "ok";
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "format" && code !== "integrity") throw error;
    return code;
  }
}

const empty = { nodes: [], inputs: [], outputs: [] };
const outside = external("w", [1], "weights.bin");
const withTensor = (tensor: Bytes) => model({ ...empty, initializers: [tensor] });
const subgraph = graph({ ...empty, initializers: [outside] });
const withAttribute = (...attribute: Bytes[]) =>
  model({ ...empty, nodes: [node("If", ["c"], ["y"], attribute.flat())] });

test("a model with its weights inside is let through", () => {
  expect(verdict(addModel())).toBe("ok");
});

describe("external data is found wherever a tensor can stand", () => {
  test.each<[string, Uint8Array]>([
    ["initializer", withTensor(outside)],
    ["attribute t", withAttribute(field(5, outside))],
    ["attribute tensors", withAttribute(field(10, outside))],
    ["attribute g", withAttribute(field(6, subgraph))],
    ["attribute graphs", withAttribute(field(11, subgraph))],
    ["attribute sparse_tensor", withAttribute(field(22, field(1, outside)))],
    ["attribute sparse_tensors", withAttribute(field(23, field(2, outside)))],
    ["sparse_initializer", Uint8Array.from(field(7, field(15, field(1, outside))))],
    ["function node", model(empty, field(25, field(7, field(5, field(5, outside)))))],
    ["function attribute default", model(empty, field(25, field(11, field(5, outside))))],
    ["training graph", model(empty, field(20, field(2, field(5, outside))))],
    ["a second graph, merged into the first", model(empty, field(7, field(5, outside)))],
  ])("%s", (_, bytes) => {
    expect(verdict(bytes)).toBe("integrity");
    expect(verdict(bytes, ["weights.bin"])).toBe("ok");
  });
});

describe("ways around", () => {
  const entry = (key: string, text: string) => field(13, field(1, key), field(2, text));
  test.each<[string, Bytes, string]>([
    ["location without entries", int(14, 1), "integrity"],
    ["entries without location", entry("offset", "0"), "integrity"],
    ["an enum that is 1 only in its low 32 bits", int(14, 2 ** 32 + 1), "integrity"],
    ["an unknown place", int(14, 2), "integrity"],
    ["place said to be inside", int(14, 0), "ok"],
    // Of two keys in one entry the last counts.
    [
      "a key written twice",
      field(13, field(1, "offset"), field(1, "location"), field(2, "/etc/passwd")),
      "integrity",
    ],
    [
      "a location after a permitted one",
      [...entry("location", "ok"), ...entry("location", "no")],
      "integrity",
    ],
    // The name by which ONNX Runtime itself points into memory.
    ["an address in memory", entry("location", "*/_ORT_MEM_ADDR_/*"), "integrity"],
    ["a permitted file", entry("location", "ok"), "ok"],
  ])("%s", (_, fields, expected) => {
    expect(verdict(withTensor([...fields]), ["ok"])).toBe(expected);
  });
});

describe("what is no model", () => {
  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["no graph", Uint8Array.from(int(1, 8))],
    ["zeros", new Uint8Array(100)],
    ["a group", Uint8Array.from([...field(7, ""), 0x0b])],
    ["an endless number", new Uint8Array(100).fill(0xff)],
    [
      "a length past the end",
      Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
    ],
    ["a key of more than 32 bits", Uint8Array.of(0xba, 0x80, 0x80, 0x80, 0x80, 1, 0)],
    ["a fixed number cut short", Uint8Array.from([...field(7, ""), 0x09, 1, 2])],
    ["JSON", new TextEncoder().encode('{"error": "not found"}')],
    ["ORT format", new TextEncoder().encode("\u0010\0\0\0ORTM")],
    ["no bytes at all", [1, 2, 3] as unknown as Uint8Array],
  ])("%s", (_, bytes) => {
    expect(verdict(bytes)).toBe("format");
  });

  test("graphs nested without end", () => {
    let inner: Bytes = [];
    for (let i = 0; i < 60; i++) inner = field(1, field(5, field(6, inner)));
    expect(verdict(Uint8Array.from(field(7, inner)))).toBe("format");
  });
});

const sample = model({
  nodes: [node("If", ["c"], ["y"], [...field(1, "then_branch"), ...field(6, subgraph)])],
  inputs: [value("c", "bool", [])],
  outputs: [value("y", "float32", ["n"])],
  initializers: [floats("v", [2], [1, 2]), outside],
});

test("every cut is refused: there is no prefix of a model that passes for one", () => {
  for (let end = 0; end < sample.length; end++) {
    expect(verdict(sample.subarray(0, end)), `cut at ${end}`).not.toBe("ok");
  }
});

test("any bytes give a verdict, and never a crash", () => {
  fc.assert(
    fc.property(fc.nat(sample.length - 1), fc.uint8Array({ maxLength: 6 }), (at, put) => {
      const bytes = sample.slice();
      bytes.set(put.subarray(0, bytes.length - at), at);
      expect(["ok", "format", "integrity"]).toContain(verdict(bytes));
    }),
    { seed: 11, numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(["ok", "format", "integrity"]).toContain(verdict(bytes));
    }),
    { seed: 12, numRuns: 1000 },
  );
});
