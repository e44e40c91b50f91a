import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../test/attempt.js";
import { createRandom } from "../math/random.js";
import type { Tensor } from "../spec/tensor.js";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.js";

const golden = new Uint8Array(
  readFileSync(new URL("../../test/golden/hf.safetensors", import.meta.url)),
);

// hf.safetensors is made by Hugging Face's library: test/golden/make-safetensors.py.
const tensors: Record<string, Tensor> = {
  w: { data: Float32Array.from([0, 1, 2, 3, 4, 5], (v) => v / 4), shape: [2, 3] },
  d: { data: Float64Array.of(1.5, -2.25), shape: [2] },
  h: { data: Uint16Array.of(0x3c00, 0x3800, 0xc000), shape: [3], dtype: "float16" },
  bf: { data: Uint16Array.of(0x3f80, 0x4000), shape: [2], dtype: "bfloat16" },
  i8: { data: Int8Array.of(-1, 2), shape: [2] },
  u8: { data: Uint8Array.of(255), shape: [1] },
  i16: { data: Int16Array.of(-300), shape: [1] },
  u16: { data: Uint16Array.of(65535, 1), shape: [2] },
  i32: { data: Int32Array.of(-70000), shape: [1, 1] },
  u32: { data: Uint32Array.of(4000000000), shape: [1] },
  i64: { data: BigInt64Array.of(-(2n ** 62n)), shape: [1] },
  u64: { data: BigUint64Array.of(2n ** 63n), shape: [1] },
  b: { data: Uint8Array.of(1, 0, 1), shape: [3], dtype: "bool" },
  scalar: { data: Float32Array.of(3.5), shape: [] },
  empty: { data: new Float32Array(0), shape: [0, 4] },
  a: { data: Float32Array.of(7), shape: [1] },
  'é"\\\n\u0001\uffee\u{1d11e}': { data: Int32Array.of(1), shape: [1] },
  "\uffee": { data: Int32Array.of(2), shape: [1] },
  "\u{1d11e}": { data: Int32Array.of(3), shape: [1] },
};

test("writes the bytes that the reference library writes", () => {
  expect(writeSafetensors(tensors, { note: 'v "é" /\u007f' })).toEqual(golden);
});

test("reads what the reference library wrote", () => {
  const file = readSafetensors(golden);
  expect(file.metadata).toEqual({ note: 'v "é" /\u007f' });
  expect(Object.keys(file.tensors).sort()).toEqual(Object.keys(tensors).sort());
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    expect(file.tensors[name]!.data).toEqual(data);
    expect(file.tensors[name]!.shape).toEqual(shape);
  }
  expect(file.tensors["bf"]!.dtype).toBe("bfloat16");
  expect(writeSafetensors(file.tensors, file.metadata)).toEqual(golden);
});

test("the bytes may lie anywhere in a larger buffer", () => {
  const room = new Uint8Array(golden.length + 3);
  room.set(golden, 3);
  expect(readSafetensors(room.subarray(3))).toEqual(readSafetensors(golden));
});

test("any name is an ordinary name", () => {
  const names = JSON.parse('{"__proto__":1,"constructor":2,"":3,"0":4}') as Record<string, number>;
  const many: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>;
  for (const [name, v] of Object.entries(names)) {
    many[name] = { data: Float32Array.of(v), shape: [1] };
  }
  const { tensors: back } = readSafetensors(writeSafetensors(many));
  for (const [name, v] of Object.entries(names)) expect(back[name]!.data[0]).toBe(v);
});

test("equal input gives equal bytes, whatever the order of keys", () => {
  const a = { data: Float32Array.of(1), shape: [1] };
  const b = { data: Uint8Array.of(1), shape: [1] };
  expect(writeSafetensors({ a, b }, { x: "1", y: "2" })).toEqual(
    writeSafetensors({ b, a }, { y: "2", x: "1" }),
  );
});

test("what cannot be written", () => {
  const data = new Float32Array(2);
  expect(() => writeSafetensors({ a: { data, shape: [3] } })).toThrow(/shape/);
  expect(() => writeSafetensors({ a: { data, shape: [2], dtype: "float16" } })).toThrow(/dtype/);
  expect(() => writeSafetensors({ __metadata__: { data, shape: [2] } })).toThrow(/Rename/);
  expect(() => writeSafetensors({ "\ud800": { data, shape: [2] } })).toThrow(/surrogate/);
  expect(() => writeSafetensors({ a: { data: [1, 2] as never, shape: [2] } })).toThrow(/typed/);
  expect(() => writeSafetensors({}, { a: 1 as never })).toThrow(/string/);
});

/** A file from its header text and its tensor bytes. */
function file(header: string, bytes = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + bytes);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  out.set(text, 8);
  return out;
}

const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("hostile files", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /8 bytes/],
    ["seven bytes", new Uint8Array(7), /8 bytes/],
    ["a header of 2^64 - 1 bytes", file("{}", 0, 2n ** 64n - 1n), /100000000/],
    ["a header of 100 MB + 1", file("{}", 0, 100_000_001n), /100000000/],
    ["a header longer than the file", file("{}", 0, 3n), /cut short/],
    ["no object", file("[]"), /begins with \{/],
    ["a blank first", file(" {}"), /begins with \{/],
    ["an unclosed object", file('{"a":'), /JSON value/],
    ["text behind the object", file("{}x"), /nothing after/],
    [
      "a duplicate key",
      file(`{"a":${entry("U8", [0], [0, 0])},"a":${entry("U8", [0], [0, 0])}}`),
      /once/,
    ],
    [
      "a duplicate field",
      file('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
      /once/,
    ],
    [
      "an escaped duplicate",
      file(`{"a":${entry("U8", [0], [0, 0])},"\\u0061":${entry("U8", [0], [0, 0])}}`),
      /once/,
    ],
    ["a lone surrogate", file('{"\\ud800":{}}'), /escapes/],
    ["deep nesting", file(`{"a":${"[".repeat(100_000)}`), /nesting/],
    ["no UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /UTF-8/],
    ["a tensor that is a number", file('{"a":1}'), /object at "a"/],
    ["metadata that is no text", file('{"__metadata__":{"a":1}}'), /strings/],
    ["an unknown dtype", file(`{"a":${entry("F8_E4M3", [1], [0, 1])}}`, 1), /F8_E4M3/],
    ["an inherited dtype", file(`{"a":${entry("constructor", [1], [0, 1])}}`, 1), /dtype/],
    ["no dtype", file('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), /dtype/],
    ["a negative extent", file(`{"a":${entry("U8", [-1], [0, 1])}}`, 1), /shape/],
    ["a fractional extent", file(`{"a":${entry("U8", [0.5], [0, 1])}}`, 1), /shape/],
    ["a shape past 2^53", file(`{"a":${entry("U8", [2 ** 52, 2 ** 52], [0, 1])}}`, 1), /2\^53/],
    ["offsets in reverse", file(`{"a":${entry("U8", [1], [1, 0])}}`, 1), /1 bytes/],
    ["three offsets", file(`{"a":${entry("U8", [1], [0, 1, 2])}}`, 1), /two byte offsets/],
    ["fewer bytes than the shape", file(`{"a":${entry("F32", [2], [0, 4])}}`, 4), /8 bytes/],
    ["an end in the midst of an element", file(`{"a":${entry("F32", [1], [0, 3])}}`, 3), /4 bytes/],
    ["offsets past the end", file(`{"a":${entry("U8", [9], [0, 9])}}`, 8), /cut short/],
    ["bytes behind the tensors", file(`{"a":${entry("U8", [8], [0, 8])}}`, 9), /appended/],
    [
      "a hole",
      file(`{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [2, 3])}}`, 3),
      /hole/,
    ],
    ["a hole at the front", file(`{"a":${entry("U8", [1], [1, 2])}}`, 2), /hole/],
    [
      "an overlap",
      file(`{"a":${entry("U8", [2], [0, 2])},"b":${entry("U8", [2], [1, 3])}}`, 3),
      /overlap/,
    ],
    [
      "twins",
      file(`{"a":${entry("U8", [2], [0, 2])},"b":${entry("U8", [2], [0, 2])}}`, 2),
      /overlap/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({ code: "format", message: expect.stringMatching(message) }),
    );
  });

  test("cut anywhere, a file is refused", () => {
    for (let i = 0; i < golden.length; i++) {
      expect(() => readSafetensors(golden.subarray(0, i))).toThrow(
        expect.objectContaining({ code: "format" }),
      );
    }
  });

  test("random damage gives a typed error or a file", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed);
        const bytes = golden.slice();
        for (let k = random.integer(4); k >= 0; k--) {
          bytes[random.integer(bytes.length)] = random.integer(256);
        }
        const outcome = attempt(() => typeof readSafetensors(bytes));
        expect(["object", "typed error"]).toContain(outcome);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

// Allowed by the format and written by some tools: tensors in any order, not aligned to their type.
test("tensors that are not aligned are read", () => {
  const bytes = file(`{"b":${entry("F32", [1], [1, 5])},"a":${entry("U8", [1], [0, 1])}}   `, 5);
  bytes[bytes.length - 1] = 0x40; // the last byte of the float 2
  expect(readSafetensors(bytes).tensors["b"]!.data).toEqual(Float32Array.of(2));
});

test("the header alone can be read from the beginning of a file", () => {
  const { dataStart } = readSafetensorsHeader(golden);
  const header = readSafetensorsHeader(golden.subarray(0, dataStart), golden.length);
  expect(header.entries.get("w")).toMatchObject({ dtype: "float32", shape: [2, 3] });
  expect(() => readSafetensorsHeader(golden.subarray(0, dataStart), golden.length - 1)).toThrow(
    /cut short/,
  );
});
