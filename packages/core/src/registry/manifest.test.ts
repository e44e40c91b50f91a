import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { isDtokError } from "../errors/index.js";
import type { Manifest } from "../spec/tokenizer.js";
import { MANIFEST_MAX_BYTES, checkRelativePath, parseManifest } from "./manifest.js";

const good: Manifest = {
  format: "dtok-manifest-1",
  id: "image/photo-8x",
  modality: "image",
  version: "1.0.0",
  description: "Photographs at 1/8 of their size.",
  quantizer: "fsq:8,8,8,5",
  codebookSizes: [2560],
  stride: [8, 8],
  files: {
    encoder: { path: "encoder.onnx", bytes: 12, sha256: "ab".repeat(32) },
    decoder: { path: "fp16/decoder.onnx", bytes: 0, sha256: "01".repeat(32) },
  },
  settings: { halo: 16, mean: [0.5], nested: { a: null } },
  licences: { code: "Apache-2.0", weights: "CC-BY-4.0", data: "see LICENCES.md" },
  citation: "arXiv:2309.15505",
  card: [{ metric: "psnr", value: 25.5, unit: "dB", data: "held-out" }],
};

/** The error that parsing throws, as "code at: what". */
function refusal(source: string | Uint8Array | object): string {
  try {
    parseManifest(source);
  } catch (error) {
    if (!isDtokError(error)) throw error;
    return `${error.code} ${error.message.split(":")[0]}`;
  }
  return "accepted";
}

describe("a good manifest", () => {
  test("reads the same from text, bytes and value", () => {
    const text = JSON.stringify(good);
    expect(parseManifest(text)).toEqual(good);
    expect(parseManifest(new TextEncoder().encode(text))).toEqual(good);
    expect(parseManifest(good)).toEqual(good);
    expectTypeOf(parseManifest(text)).toEqualTypeOf<Manifest>();
  });
  test("needs neither citation nor card; fields that the format does not know are dropped", () => {
    const { citation: _citation, card: _card, ...rest } = good;
    expect(parseManifest({ ...rest, extra: 1 })).toEqual(rest);
  });
  test("a file called __proto__ is only a name", () => {
    const text = JSON.stringify(good).replace('"encoder":', '"__proto__":');
    const { files } = parseManifest(text);
    expect(Object.keys(files)).toEqual(["__proto__", "decoder"]);
    expect(Object.getPrototypeOf(files)).toBe(Object.prototype);
  });
});

test.each([
  [{ format: "dtok-manifest-2" }, "format manifest.format"],
  [{ format: 1 }, "format manifest.format"],
  [{ id: "photo" }, "format manifest.id"],
  [{ id: "image/../x" }, "format manifest.id"],
  [{ id: "audio/photo" }, "format manifest.modality"],
  [{ version: "" }, "format manifest.version"],
  [{ description: undefined }, "format manifest.description"],
  [{ codebookSizes: [] }, "format manifest.codebookSizes"],
  [{ codebookSizes: [0] }, "format manifest.codebookSizes"],
  [{ codebookSizes: [2 ** 31 + 1] }, "format manifest.codebookSizes"],
  [{ stride: [8, 1.5] }, "format manifest.stride"],
  [{ stride: "8" }, "format manifest.stride"],
  [{ files: [] }, "format manifest.files"],
  [{ files: { encoder: null } }, "format manifest.files.encoder"],
  [{ settings: 3 }, "format manifest.settings"],
  [{ licences: { code: "MIT" } }, "format manifest.licences.weights"],
  [{ card: [{ metric: "psnr", value: "25", data: "" }] }, "format manifest.card[0].value"],
])("refuses %j", (change, expected) => {
  expect(refusal({ ...good, ...change })).toBe(expected);
});

test.each([
  [{ bytes: -1 }, "format manifest.files.encoder.bytes"],
  [{ bytes: 2 ** 40 }, "limit manifest.files.encoder.bytes"],
  [{ sha256: "AB".repeat(32) }, "format manifest.files.encoder.sha256"],
  [{ sha256: "ab" }, "format manifest.files.encoder.sha256"],
  [{ path: "../../etc/passwd" }, "integrity manifest.files.encoder.path"],
])("refuses a file with %j", (change, expected) => {
  const encoder = { ...good.files["encoder"], ...change };
  expect(refusal({ ...good, files: { encoder } })).toBe(expected);
});

test.each([
  ["", "format manifest"],
  ["null", "format manifest"],
  ["[]", "format manifest"],
  ['{"format":"dtok-manifest-1","format":"dtok-manifest-1"}', "format manifest"],
  [JSON.stringify(good).slice(0, -1), "format manifest"],
  ["[".repeat(100_000), "format manifest"],
  [" ".repeat(MANIFEST_MAX_BYTES + 1), "limit manifest"],
  [Uint8Array.of(0x7b, 0xff, 0xfe), "format manifest"],
])("refuses text that is no manifest (%#)", (source, expected) => {
  expect(refusal(source)).toBe(expected);
});

test("any damage gives a manifest or a typed error, nothing else", () => {
  const text = JSON.stringify(good);
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.nat(20),
      fc.string({ maxLength: 4 }),
      (at, cut, put) => {
        const said = refusal(text.slice(0, at) + put + text.slice(at + cut));
        expect(said).toMatch(/^(accepted|format|integrity|limit)/);
      },
    ),
    { seed: 3, numRuns: 300 },
  );
});

describe("relative paths", () => {
  test.each(["encoder.onnx", "a/b/c.onnx", "Ärger/模型.onnx", "..a/b", "a b.onnx"])(
    "%s",
    (path) => {
      expect(checkRelativePath(path)).toBe(path);
    },
  );
  test.each([
    "",
    ".",
    "..",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    "/etc/passwd",
    "..\\x",
    "C:/x",
    "file:x",
    "https://x/y",
    "a\0b",
    "a\nb",
    "%2e%2e/x",
    "x?y",
    "x#y",
    "a/.. /b",
    "x. ",
    "a".repeat(1025),
  ])("refuses %j", (path) => {
    expect(() => checkRelativePath(path)).toThrow(expect.objectContaining({ code: "integrity" }));
  });
  test("what is accepted stays below its folder, as URL and as path", () => {
    const part = fc.string({ unit: fc.constantFrom(".", "/", "a", "%", "2", "e", "\\", ":", " ") });
    fc.assert(
      fc.property(part, (path) => {
        try {
          checkRelativePath(path);
        } catch {
          return;
        }
        const base = "https://host/model/";
        expect(new URL(path, base).href.startsWith(base)).toBe(true);
        expect(new URL(path, base).href.length).toBeGreaterThan(base.length);
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});
