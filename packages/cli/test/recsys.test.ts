import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, writeNpy } from "@dtok/core";
import { Catalogue } from "@dtok/recsys/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subcommand } from "./run.js";

const dtok = subcommand("recsys");

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-recsys-"));
  const genres = ["Drama", "Comedy Romance", "Horror", "Action Thriller", "Children Animation"];
  const lines = Array.from({ length: 300 }, (_, i) =>
    JSON.stringify({ id: `f${i}`, title: `Film ${i % 40}`, genres: genres[i % 5] }),
  );
  writeFileSync(at("films.jsonl"), lines.join("\n"));
  writeFileSync(at("new.jsonl"), '{"id":"new","title":"Film 900","genres":"Horror"}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dtok recsys", { timeout: 120_000 }, () => {
  it("trains on a CSV file of items with interactions, and refuses what does not fit", async () => {
    const items = Array.from({ length: 60 }, (_, i) => `${i},"Film ${i % 9}, part ${i}"`);
    writeFileSync(at("items.csv"), `item_id,title\n${items.join("\n")}\n`);
    const taken = Array.from({ length: 400 }, (_, i) => `u${i % 20},${(i * 7) % 60}`);
    writeFileSync(at("taken.csv"), `user,item\n${taken.join("\n")}\n`);
    writeFileSync(at("other.csv"), "user,item\nu,none\n");
    const base = ["fit", at("items.csv"), "--text", "title", "--text-dim", "32", "-o", at("rq")];
    const rq = [...base, "--levels", "2x8", "--method", "rq-vae", "--steps", "40", "--json"];
    const fit = await dtok(...rq, "--interactions", at("taken.csv"), "--diversity", "--even");
    expect(fit.stderr).toBe("");
    expect(JSON.parse(fit.stdout)).toMatchObject({ items: 60 });
    expect(readdirSync(at("rq"))).toContain("encoder.onnx");
    const nobody = await dtok(...rq, "--interactions", at("other.csv"));
    expect([nobody.code, nobody.stdout]).toEqual([1, expect.stringMatching(/name items alike/)]);
    const plain = await dtok(...base, "--even");
    expect([plain.code, plain.stderr]).toEqual([1, expect.stringMatching(/--method rq-vae/)]);
    const vectors = await dtok("fit", at("items.csv"), "--embedder", folder, "-o", at("x"));
    expect([vectors.code, vectors.stderr]).toEqual([1, expect.stringMatching(/--text/)]);
  });

  it("fits, assigns, removes, compares, reports and tells drift", async () => {
    const text = ["--text", "title,genres", "--text-dim", "64"];
    const fit = await dtok(
      "fit",
      at("films.jsonl"),
      ...text,
      "--levels",
      "2x16",
      "-o",
      at("ids"),
      "--json",
    );
    expect(fit.stderr).toBe("");
    expect(JSON.parse(fit.stdout)).toMatchObject({
      items: 300,
      quantizer: "rkmeans:2x16",
      version: 1,
    });
    expect(readdirSync(at("ids"))).toEqual(["catalogue.safetensors", "ids.parquet"]);
    const before = Catalogue.load(readFileSync(at("ids/catalogue.safetensors")));

    writeFileSync(at("gone.txt"), "f3\nf4\n");
    // The columns are those of the fit.
    const assigned = await dtok(
      "assign",
      at("new.jsonl"),
      "-c",
      at("ids"),
      "--remove",
      at("gone.txt"),
      "-o",
      at("ids2"), // prettier-ignore
    );
    expect(assigned.stdout).toMatch(/^new\t<a_\d+><b_\d+><c_\d+>\n$/);
    const after = Catalogue.load(readFileSync(at("ids2/catalogue.safetensors")));
    expect([after.size, after.version, after.has("f3")]).toEqual([299, 2, false]);
    for (const item of after.itemIds) {
      if (item !== "new") expect(after.idOf(item)).toBe(before.idOf(item));
    }

    const compared = await dtok("compare", at("ids"), at("ids2"), "-o", at("m.tsv"), "--json");
    expect(JSON.parse(compared.stdout)).toEqual({ kept: 298, changed: 0, added: 1, removed: 2 });
    expect(readFileSync(at("m.tsv"), "utf8").split("\n")).toHaveLength(5);

    writeFileSync(at("labels.tsv"), "f7\tSeven <b>\n");
    const report = await dtok(
      "report",
      at("ids"),
      "-o",
      at("page.html"),
      "--labels",
      at("labels.tsv"),
    );
    expect(report.stdout).toContain("300 items");
    expect(readFileSync(at("page.html"), "utf8")).toContain("Seven \\u003cb>");

    const drift = await dtok("drift", at("films.jsonl"), "-c", at("ids"), "--json");
    const told = JSON.parse(drift.stdout) as Record<string, number>;
    expect(told.ratio).toBeCloseTo(1, 6);
    expect(told.moved).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("trains an RQ-VAE, and codes new items by its encoder", async () => {
    const data = createRandom(1).fillNormal(new Float32Array(400 * 12));
    writeFileSync(at("v.npy"), writeNpy({ data, shape: [400, 12] }));
    writeFileSync(at("one.npy"), writeNpy({ data: data.slice(0, 12), shape: [1, 12] }));
    writeFileSync(at("one.txt"), "twin\n");
    const fit = await dtok(
      "fit",
      at("v.npy"),
      "--method",
      "rq-vae",
      "--levels",
      "2x8",
      "--steps",
      "20",
      "-o",
      at("rq"),
      "--json", // prettier-ignore
    );
    expect(fit.stderr).toBe("");
    expect(readdirSync(at("rq"))).toContain("encoder.onnx");
    const out = await dtok("assign", at("one.npy"), "--ids", at("one.txt"), "-c", at("rq"));
    const catalogue = Catalogue.load(readFileSync(at("rq/catalogue.safetensors")));
    // The same vector as item 0: the same codes but the suffix.
    expect(out.stdout.startsWith("twin\t<a_")).toBe(true);
    expect(catalogue.codesOf("twin").slice(0, 2)).toEqual(catalogue.codesOf("0").slice(0, 2));
    writeFileSync(at("rq/encoder.onnx"), "other");
    const wrong = await dtok("assign", at("one.npy"), "-c", at("rq"), "--json");
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain("SHA-256");
  });

  it("refuses bad input in words, and leaves what is good", async () => {
    writeFileSync(at("twice.jsonl"), '{"id":"a","v":[1,2]}\n{"id":"a","v":[1,2]}\n');
    writeFileSync(at("mixed.jsonl"), '{"id":"a","v":[1,2]}\n{"id":"b","v":[1,2,3]}\n');
    writeFileSync(at("missing.jsonl"), '{"id":"a","v":[1,2]}\n{"id":"b"}\n');
    writeFileSync(at("nan.jsonl"), '{"id":"a","v":[1,2]}\n{"id":"b","v":[1,null]}\n');
    const before = readFileSync(at("ids/catalogue.safetensors"));
    const cases: [string[], number, RegExp][] = [
      [["fit", at("twice.jsonl"), "-o", at("x")], 1, /"a" at rows 0 and 1/],
      [["fit", at("mixed.jsonl"), "-o", at("x")], 1, /row 1.*3 numbers/],
      [["fit", at("missing.jsonl"), "-o", at("x")], 1, /row 1.*none/],
      [["fit", at("nan.jsonl"), "-o", at("x")], 1, /NaN in item "b"/],
      [["fit", at("films.jsonl"), "--vector", "nope", "-o", at("x")], 1, /column nope/],
      [["fit", at("films.jsonl"), "--levels", "3", "-o", at("x")], 1, /3x256/],
      [["fit", at("films.jsonl"), "--method", "magic", "-o", at("x")], 2, /residual/],
      [["assign", at("twice.jsonl"), "-c", at("ids")], 1, /title|twice/],
      [["assign", "-c", at("ids")], 1, /neither/],
      [["report", at("nowhere")], 1, /can be read/],
      [["report", at("films.jsonl")], 1, /safetensors/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const out = await dtok(...args);
        expect(out.stderr).toMatch(message);
        expect(out.code).toBe(code);
      }),
    );
    expect(readFileSync(at("ids/catalogue.safetensors"))).toEqual(before);
    expect(readdirSync(folder)).not.toContain("x");
  });

  it("takes one item, and items that are all the same", async () => {
    writeFileSync(at("one.jsonl"), '{"id":"only","v":[1,2]}\n');
    const same = Array.from({ length: 300 }, (_, i) => `{"id":"s${i}","v":[1,2]}`);
    writeFileSync(at("same.jsonl"), same.join("\n"));
    const [one, all] = await Promise.all(
      ["one", "same"].map((name) =>
        dtok("fit", at(`${name}.jsonl`), "--levels", "2x8", "-o", at(`ids-${name}`), "--json"),
      ),
    );
    expect(JSON.parse(one!.stdout)).toMatchObject({ items: 1, collisions: { rate: 0 } });
    expect(JSON.parse(all!.stdout)).toMatchObject({ items: 300, collisions: { largest: 300 } });
    const { codes } = Catalogue.load(readFileSync(at("ids-same/catalogue.safetensors")));
    const width = codes.shape[1];
    const ids = new Set(
      Array.from({ length: 300 }, (_, n) => codes.data.subarray(n * width, (n + 1) * width).join()),
    );
    expect(ids.size).toBe(300);
  });
});
