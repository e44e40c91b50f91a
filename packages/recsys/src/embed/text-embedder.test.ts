import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime, createWebRuntime } from "@dtok/runtime";
import { GraphBuilder } from "@dtok/train";
import { afterAll, describe, expect, it } from "vitest";
import { openTextEmbedder } from "./open.node.js";

const root = mkdtempSync(join(tmpdir(), "dtok-embed-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Tokens: [PAD] 0, [END] 1, "a" 2, "b" 3; each row of the table is a token's vector. */
const words = [[9, 9], [0, 1], [3, 0], [1, 2]]; // prettier-ignore
const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [
    { id: 1, content: "[END]", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }, // prettier-ignore
  ],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "[END]", type_id: 0 } }],
    pair: [],
    special_tokens: { "[END]": { id: "[END]", ids: [1], tokens: ["[END]"] } },
  },
  decoder: null,
  model: { type: "WordLevel", vocab: { "[PAD]": 0, "[END]": 1, a: 2, b: 3 }, unk_token: "b" },
};

/** A model whose token vectors are rows of a table: what pooling makes of them is done by hand. */
function table(): Uint8Array {
  const g = new GraphBuilder();
  const rows = g.constant({ data: Float32Array.from(words.flat()), shape: [4, 2] });
  const ids = g.input("input_ids", ["n", "t"], "int64");
  return g.toOnnx({ h: g.apply({ op: "Gather", inputs: [rows, ids], shape: ["n", "t", 2] }) }, {});
}

let count = 0;
function folder(settings: object = {}, changes: object = {}, files: object = {}): string {
  const path = join(root, `m${count++}`);
  mkdirSync(path);
  const contents: Record<string, Uint8Array> = {
    model: table(),
    tokenizer: new TextEncoder().encode(JSON.stringify(tokenizer)),
    ...files,
  };
  const listed: Record<string, object> = {};
  for (const [name, bytes] of Object.entries(contents)) {
    writeFileSync(join(path, name), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    listed[name] = { path: name, bytes: bytes.length, sha256 };
  }
  const manifest = {
    format: "dtok-manifest-1",
    id: "text-embedding/toy",
    modality: "text-embedding",
    version: "1",
    description: "A table.",
    quantizer: "none",
    codebookSizes: [1],
    stride: [1],
    files: listed,
    settings: { dim: 2, maxTokens: 4, ...settings },
    licences: { code: "x", weights: "x", data: "x" },
    ...changes,
  };
  writeFileSync(join(path, "manifest.json"), JSON.stringify(manifest));
  return `${path}/`;
}

describe("TextEmbedder", () => {
  it.each([
    ["onnxruntime-node", createRuntime],
    ["onnxruntime-web", createWebRuntime],
  ])("pools by hand-worked examples, in batches of other lengths: %s", async (_, make) => {
    const runtime = await make();
    const mean = await openTextEmbedder(folder({ normalise: false }), { runtime });
    // "a b": tokens a, b, end: (3+1+0, 0+2+1) / 3. Padding does not count.
    const { data, shape } = await mean.embed(["a b", "", "A"]);
    expect(shape).toEqual([3, 2]);
    const wanted = [4 / 3, 1, 0, 1, 1.5, 0.5];
    for (const [i, value] of wanted.entries()) expect(data[i]).toBeCloseTo(value, 6);
    // Cut to four tokens, the last of them the end.
    const cut = (await mean.embed(["a a a b b b b"])).data;
    expect([...cut]).toEqual([9 / 4, 1 / 4]);
    const many = Array.from({ length: 70 }, (__, n) => "b ".repeat(n % 4));
    const rows = (await mean.embed(many)).data;
    for (let n = 0; n < 70; n++) expect(rows[n * 2]).toBeCloseTo((n % 4) / ((n % 4) + 1), 6);
    await mean.close();
    await expect(mean.embed(["a"])).rejects.toThrow(/closed/);
    const first = await openTextEmbedder(folder({ pooling: "cls", prefix: "b " }), { runtime });
    const [x, y] = (await first.embed(["a"])).data;
    expect([x, y]).toEqual([Math.fround(1 / Math.sqrt(5)), Math.fround(2 / Math.sqrt(5))]);
    await first.close();
    await runtime.close();
  });

  it.each<[string, object, object, object, RegExp]>([
    ["another modality", {}, { modality: "image", id: "image/toy" }, {}, /text-embedding/],
    ["no width", { dim: undefined }, {}, {}, /dim/],
    ["a pooling that is none", { pooling: "max" }, {}, {}, /pooling/],
    ["an output that is not there", { output: "y" }, {}, {}, /output/],
    ["no tokenizer", {}, {}, { tokenizer: new TextEncoder().encode("{}") }, /tokenizer\.json/],
    ["no JSON", {}, {}, { tokenizer: new TextEncoder().encode("{") }, /tokenizer\.json/],
  ])("refuses %s", async (_, settings, changes, files, message) => {
    await expect(openTextEmbedder(folder(settings, changes, files))).rejects.toThrow(message);
  });

  it("refuses texts that are none, and a width that is not the graph's", async () => {
    const model = await openTextEmbedder(folder());
    await expect(model.embed([null as never])).rejects.toThrow(/text 0/);
    await model.close();
    const wide = await openTextEmbedder(folder({ dim: 3 }));
    await expect(wide.embed(["a"])).rejects.toThrow(/settings\.dim/);
    await wide.close();
    const bytes = table();
    const path = folder();
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(path, "model"), bytes);
    await expect(openTextEmbedder(path)).rejects.toThrow(/SHA-256/);
  });
});
