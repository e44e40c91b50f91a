import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenGrid, loadTokenGrid, readNpy, saveTokenGrid } from "@dtok/core";
import { Vocabulary } from "@dtok/llm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, subcommand } from "./run.js";

const dtok = subcommand("llm");

const picture = createTokenGrid({
  codes: { data: Int32Array.of(5, 0, 15, 3, 9, 1), shape: [6, 1] },
  shape: [2, 3],
  codebookSizes: [16],
  tokenizer: "image/x",
  side: { width: 20, height: 13 },
});
const sound = createTokenGrid({
  codes: { data: Int32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] },
  shape: [3],
  codebookSizes: [8, 8],
  tokenizer: "audio/y",
});
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-llm-"));
  writeFileSync(at("picture.safetensors"), saveTokenGrid(picture));
  writeFileSync(at("sound.safetensors"), saveTokenGrid(sound));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dtok llm", { timeout: 180_000 }, () => {
  it("builds a vocabulary, packs, unpacks, inspects; writes training files", async () => {
    const base = join(root, "packages", "llm", "test", "golden", "base.json");
    const written = ["--tokenizer-json", at("tokenizer.json"), "-o", at("vocabulary.json")];
    const built = await dtok(
      "vocab",
      at("picture.safetensors"),
      at("sound.safetensors"),
      ...["--base", base, "--layout", "audio/y=delay", "--json"].concat(written),
    );
    expect(built.stderr).toBe("");
    const vocabulary = Vocabulary.fromJSON(JSON.parse(readFileSync(at("vocabulary.json"), "utf8")));
    expect(JSON.parse(built.stdout)).toMatchObject({ ids: vocabulary.size, hash: vocabulary.hash });
    expect(vocabulary.modalities.map(({ id, layout }) => [id, layout])).toEqual([
      ["image/x", "interleaved"],
      ["audio/y", "delay"],
    ]);
    const extended = JSON.parse(readFileSync(at("tokenizer.json"), "utf8")) as {
      added_tokens: unknown[];
    };
    expect(extended.added_tokens.length).toBe(1 + vocabulary.size - vocabulary.base);

    const parts = ["ids:3,4", at("picture.safetensors"), at("sound.safetensors"), "ids:7"];
    const v = ["-v", at("vocabulary.json")];
    const packed = await dtok("pack", ...parts, ...v, "-o", at("seq.safetensors"), "--json");
    expect(packed.stderr).toBe("");
    expect(JSON.parse(packed.stdout)).toMatchObject({ ids: 2 + 12 + 12 + 1 });

    const back = await dtok("unpack", at("seq.safetensors"), ...v, "-d", at("back"), "--json");
    expect(back.stderr).toBe("");
    const names = readdirSync(at("back"));
    expect(names).toEqual(["001-image-x.tokens.safetensors", "002-audio-y.tokens.safetensors"]);
    expect(loadTokenGrid(readFileSync(at(`back/${names[0]}`)))).toEqual(picture);
    expect(loadTokenGrid(readFileSync(at(`back/${names[1]}`)))).toEqual(sound);
    expect(JSON.parse(back.stdout)).toMatchObject([{ type: "text", ids: [3, 4] }, {}, {}, {}]);

    const seen = await dtok("inspect", at("seq.safetensors"), ...v, "--tokens", "4");
    expect(seen.stdout).toContain("3 4 <|image/x|> <|size:0|> …");
    expect((await dtok("inspect", at("vocabulary.json"))).stdout).toContain("audio/y");

    const files = [at("picture.safetensors"), at("sound.safetensors")];
    const rows = ["--length", "30", "--pad", "0", "--end", "1"];
    const trained = await dtok("pack", ...files, ...v, "-o", at("t.npy"), ...rows, "--json");
    expect(JSON.parse(trained.stdout)).toMatchObject({ rows: 1, tokens: 26, length: 30 });
    expect(readNpy(readFileSync(at("t.npy"))).shape).toEqual([1, 30]);
  });

  it("recovers from broken ids as told, and refuses in words", async () => {
    const vocabulary = new Vocabulary({
      base: 10,
      modalities: [{ id: "image/x", codebookSizes: [16], axes: 2 }],
    });
    writeFileSync(at("v.json"), JSON.stringify(vocabulary));
    const { begin, end, offsets } = vocabulary.modality("image/x");
    const size = vocabulary.sizes;
    const ids = [1, begin, size, size + 1, size, size + 2, offsets[0]! + 3, end, 2];
    writeFileSync(at("ids.json"), JSON.stringify(ids));
    const run = (how: string) =>
      dtok("unpack", at("ids.json"), "-v", at("v.json"), "-d", at("out"), "--recovery", how);
    const [strict, drop, fill] = await Promise.all([run("strict"), run("drop"), run("fill")]);
    expect(strict.code).toBe(1);
    expect(strict.stderr).toMatch(/expected an id in/);
    expect(drop.stdout).toMatch(/text {5}1\ndropped {2}\d+ ids at 1/);
    expect(fill.stdout).toMatch(/filled up/);
    const cases: [string[], number, RegExp][] = [
      [["vocab", "--modality", "x", "-o", at("x")], 2, /codebook sizes/],
      [["vocab", "--modality", "x=4@2", "--layout", "y=delay", "-o", at("x")], 1, /--layout/],
      [["vocab", "--modality", "x=4@2", "--layout", "x=spiral", "-o", at("x")], 1, /raster/],
      [
        ["pack", at("picture.safetensors"), "-v", at("picture.safetensors"), "-o", at("x")],
        1,
        /JSON/,
      ],
      [["pack", at("sound.safetensors"), "-v", at("v.json"), "-o", at("x")], 1, /image\/x/],
      [["pack", "ids:1,a", "-v", at("v.json"), "-o", at("x")], 1, /whole numbers/],
      [["pack", "ids:1", "-v", at("v.json"), "-o", at("x.npy"), "--pad", "0"], 2, /go together/],
      [["unpack", at("seq.safetensors"), "-v", at("v.json")], 1, /vocabulary/],
      [["inspect", at("seq.safetensors")], 1, /vocabulary/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const out = await dtok(...args);
        expect(out.stderr).toMatch(message);
        expect(out.code).toBe(code);
      }),
    );
    expect(readdirSync(folder).filter((name) => name.includes("tmp") || name === "x")).toEqual([]);
  });
});
