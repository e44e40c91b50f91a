import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attempt } from "../../test/attempt.js";
import { createRandom } from "../math/random.js";
import type { Tensor } from "../spec/tensor.js";
import { floatToHalf, halfToFloat } from "./half.js";
import { openNpyRows, readNpy, readNpyHeader, toFloat32, writeNpy } from "./npy.js";

// Made by NumPy: test/golden/make-npy.py.
const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/npy.json", import.meta.url), "utf8"),
) as { name: string; base64: string; shape: number[]; dtype: string; values: string[] }[];
const bytesOf = (name: string): Uint8Array =>
  Uint8Array.from(atob(golden.find((g) => g.name === name)!.base64), (c) => c.charCodeAt(0));

describe("files of NumPy", () => {
  test.each(golden)("$name", ({ name, shape, dtype, values }) => {
    const tensor = readNpy(bytesOf(name));
    expect(tensor.shape).toEqual(shape);
    expect(tensor.dtype).toBe(dtype);
    const read =
      tensor.dtype === "float16" ? toFloat32(tensor) : (tensor.data as ArrayLike<number | bigint>);
    const number = (text: string): number | bigint =>
      tensor.data.BYTES_PER_ELEMENT === 8 && tensor.dtype !== "float64"
        ? BigInt(text)
        : Number(text.replace("inf", "Infinity"));
    expect(Array.from(read)).toEqual(values.map(number));
  });

  test("what is written is what NumPy writes", () => {
    const plain = golden.filter((g) => !/>|fortran|version|big/.test(g.name));
    expect(plain.length).toBeGreaterThan(14);
    for (const { name } of plain) {
      expect(writeNpy(readNpy(bytesOf(name)))).toEqual(bytesOf(name));
    }
  });
});

test("reading undoes writing", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }),
      fc.integer(),
      (shape, seed) => {
        const random = createRandom(seed);
        const count = shape.reduce((a, b) => a * b, 1);
        const tensors: Tensor[] = [
          { data: random.fillNormal(new Float32Array(count)), shape, dtype: "float32" },
          {
            data: Int32Array.from({ length: count }, () => random.uint32()),
            shape,
            dtype: "int32",
          },
          {
            data: BigInt64Array.from({ length: count }, () => BigInt(random.uint32()) - 2n ** 31n),
            shape,
            dtype: "int64",
          },
        ];
        for (const tensor of tensors) expect(readNpy(writeNpy(tensor))).toEqual(tensor);
      },
    ),
    { seed: 12, numRuns: 50 },
  );
});

test("float16: every pattern goes to its number and back", () => {
  for (let half = 0; half < 65536; half++) {
    const value = halfToFloat(half);
    if (Number.isNaN(value)) continue;
    if (floatToHalf(value) !== half)
      throw new Error(`${half} -> ${value} -> ${floatToHalf(value)}`);
  }
  expect(halfToFloat(0x3c01)).toBe(1 + 2 ** -10);
  expect(halfToFloat(0x7bff)).toBe(65504);
  expect(halfToFloat(0x0001)).toBe(2 ** -24);
  expect(halfToFloat(0x7e00)).toBeNaN();
  expect(floatToHalf(65519)).toBe(0x7bff);
  expect(floatToHalf(65520)).toBe(0x7c00);
  expect(floatToHalf(1 + 2 ** -11)).toBe(0x3c00); // a tie, to even
  expect(floatToHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(floatToHalf(2 ** -25)).toBe(0);
  expect(floatToHalf(Number.NaN)).toBe(0x7e00);
});

/** A version 1 file from its header text. */
function file(header: string, bytes = 0): Uint8Array {
  const out = new Uint8Array(10 + header.length + bytes);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  for (let i = 0; i < header.length; i++) out[10 + i] = header.charCodeAt(i);
  return out;
}
const header = (descr: string, shape: string, fortran = "False"): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

describe("hostile files", () => {
  const absurd = "(9007199254740991, 9007199254740991)";
  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /NUMPY/],
    ["another file", new TextEncoder().encode("PK\u0003\u0004 an archive"), /NUMPY/],
    ["version 4", file("").map((v, i) => (i === 6 ? 4 : v)), /version/],
    ["a header past the end", file(header("'<f4'", "(1,)"), 4).subarray(0, 30), /cut short/],
    ["elements past the end", file(header("'<f4'", "(2,)"), 7), /cut short/],
    ["bytes behind the elements", file(header("'<f4'", "(2,)"), 9), /appended/],
    ["an absurd shape", file(header("'<f4'", absurd)), /2\^53/],
    ["a terabyte that is not there", file(header("'<f8'", "(137438953472,)")), /cut short/],
    ["an extent past 2^53", file(header("'<f4'", "(99999999999999999999,)")), /2\^53/],
    ["a negative extent", file(header("'<f4'", "(-1,)")), /integer/],
    ["an expression", file(header("'<f4'", "(1+1,)")), /tuple/],
    ["a call", file(header("__import__('os')", "(1,)")), /string, True/],
    ["a number for a tuple", file(header("'<f4'", "(3)"), 12), /tuple/],
    ["a hundred axes", file(header("'<f4'", `(${"1, ".repeat(100)})`), 4), /32 axes/],
    ["objects", file(header("'|O'", "(1,)"), 8), /\|O/],
    ["complex numbers", file(header("'<c8'", "(1,)"), 8), /<c8/],
    ["text", file(header("'<U3'", "(1,)"), 12), /<U3/],
    ["named fields", file(header("[('x', '<f4')]", "(1,)"), 4), /named fields/],
    ["an inherited dtype", file(header("'<constructor'", "(1,)"), 4), /dtype/],
    ["an empty dtype", file(header("''", "(1,)"), 4), /dtype/],
    ["a missing field", file("{'descr': '<f4', 'shape': (1,)}\n", 4), /fortran_order/],
    [
      "a further field",
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'a': 'b'}", 4),
      /fields/,
    ],
    ["a duplicate field", file("{'descr': '<f4', 'descr': '<f4'}", 4), /once/],
    ["a truth value that is none", file(header("'<f4'", "(1,)", "0"), 4), /True, False/],
    ["an unclosed dict", file("{'descr': '<f4'", 4), /"\}"/],
    ["an unclosed string", file("{'descr", 4), /plain string/],
    ["text behind the dict", file(`${header("'<f4'", "(1,)")}x`, 4), /nothing after/],
    [
      "a header that is too long",
      Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255),
      /65536/,
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(
      expect.objectContaining({ code: "format", message: expect.stringMatching(message) }),
    );
  });

  test("random damage and cuts give a typed error or an array", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 200 }), (seed, length) => {
        const random = createRandom(seed);
        const bytes = bytesOf("<f4").slice(0, length);
        for (let k = 0; k < Math.min(3, length); k++)
          bytes[random.integer(length)] = random.integer(256);
        expect(["object", "typed error"]).toContain(attempt(() => typeof readNpy(bytes)));
      }),
      { seed: 13, numRuns: 500 },
    );
  });
});

describe("rows from a source", () => {
  const open = (bytes: Uint8Array) =>
    openNpyRows((offset, length) => bytes.subarray(offset, offset + length), bytes.length);

  test("the chunks are the rows, at each pass", async () => {
    const data = createRandom(1).fillNormal(new Float32Array(7 * 3));
    const source = await open(writeNpy({ data, shape: [7, 3] }));
    expect([source.rows, source.columns]).toEqual([7, 3]);
    for (let pass = 0; pass < 2; pass++) {
      const seen: number[] = [];
      const sizes: number[] = [];
      for await (const chunk of source.chunks(3)) {
        seen.push(...chunk.data);
        sizes.push(chunk.shape[0]);
      }
      expect(sizes).toEqual([3, 3, 1]);
      expect(seen).toEqual([...data]);
    }
  });

  test("float16, big-endian and more axes", async () => {
    const rows = async (name: string): Promise<number[]> => {
      const out: number[] = [];
      for await (const chunk of (await open(bytesOf(name))).chunks()) out.push(...chunk.data);
      return out;
    };
    expect(await rows("<f2")).toEqual([0, 1, -2, 3.5, -0, 100]);
    expect(await rows(">f8")).toEqual([0, 1, -2, 3.5, -0, 100]);
    expect(await rows("one axis")).toEqual([0, 1, 2, 3]);
    expect(await rows("empty")).toEqual([]);
    expect((await open(bytesOf("five axes"))).rows).toBe(2);
  });

  test("what cannot be read by rows", async () => {
    const fortran = bytesOf("fortran 2");
    await expect(open(fortran)).rejects.toThrow(/ascontiguousarray/);
    await expect(open(file(header("'<f4'", "(99999999999, 0)")))).rejects.toThrow(/one number/);
    const whole = bytesOf("<f2");
    await expect(open(whole.subarray(0, whole.length - 1))).rejects.toThrow(/cut short/);
    const shrinking = await openNpyRows(
      (offset, length) => whole.subarray(offset, Math.min(offset + length, whole.length - 1)),
      whole.length,
    );
    await expect(shrinking.chunks().next()).rejects.toThrow(/cut short/);
    await expect((await open(whole)).chunks(0).next()).rejects.toThrow(/positive/);
  });

  test("the header needs only the beginning of the file", () => {
    expect(readNpyHeader(bytesOf("<f2").subarray(0, 128)).shape).toEqual([2, 3]);
  });
});
