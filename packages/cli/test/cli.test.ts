import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, loadTokenGrid, readNpy, writeNpy } from "@dtok/core";
import { psnr, readImage } from "@dtok/image/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dtok, node, root } from "./run.js";
import type { Outcome } from "./run.js";

const photo = join(root, "samples", "cat.jpg");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dtok-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = ({ stdout }: Outcome) => JSON.parse(stdout.toString()) as Record<string, never>;

describe("dtok", { timeout: 120_000 }, () => {
  it("encodes, inspects and decodes a photograph", async () => {
    const tokens = join(folder, "cat.tokens.safetensors");
    const back = join(folder, "back.png");
    expect((await dtok(["encode", photo, "-o", tokens])).code).toBe(0);
    expect(loadTokenGrid(readFileSync(tokens)).shape).toEqual([38, 57]);
    const report = json(await dtok(["inspect", tokens, "--json"])) as unknown as {
      grids: { tokenizer: string }[];
    };
    expect(report.grids[0]?.tokenizer).toBe("image/photo-8x");
    // In words: fields, then one row a codebook.
    const { stdout } = await dtok(["inspect", tokens]);
    expect(stdout.toString()).toMatch(
      /size +│ used +│ entropyBits +│ perplexity │\n.*\n│ 1 │ 15360 │/,
    );
    expect(stdout.toString()).not.toContain("codebooks[0]");
    const decoded = await dtok(["decode", tokens, "-o", back]);
    expect(decoded.stdout.toString()).toContain("451 x 300");
    expect(psnr(await readImage(photo), await readImage(back))).toBeGreaterThan(24);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("works through pipes", async () => {
    const encoded = await dtok(["encode", "-", "--model", "photo-16x"], readFileSync(photo));
    const grid = loadTokenGrid(encoded.stdout);
    expect(grid.tokenizer).toBe("image/photo-16x");
    const decoded = await dtok(["decode", "-"], encoded.stdout);
    const image = await readImage(decoded.stdout);
    expect([image.width, image.height]).toEqual([451, 300]);
  });

  it("measures", async () => {
    const outcome = await dtok(["eval", photo, "-d", folder, "--json"]);
    const { results } = json(outcome) as unknown as { results: { psnr: number; codes: number }[] };
    expect(results[0]?.psnr).toBeGreaterThan(24);
    expect(existsSync(join(folder, "cat.compare.png"))).toBe(true);
  });

  it("gives 2 for wrong usage, with a suggestion, and 1 for bad input, as JSON where asked", async () => {
    const wrong = await dtok(["encode", photo, "--modle", "x"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--model")]);
    const missing = await dtok(["encode", join(folder, "none.jpg"), "--json"]);
    expect(missing.code).toBe(1);
    expect((json(missing) as unknown as { error: { code: string } }).error.code).toBe("argument");
    writeFileSync(join(folder, "bad.safetensors"), "nothing of the kind");
    const target = join(folder, "kept.png");
    writeFileSync(target, "precious");
    const bad = await dtok(["decode", join(folder, "bad.safetensors"), "-o", target]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/expected .* got /);
    // A good file under the output's name is not harmed by bad input.
    expect(readFileSync(target, "utf8")).toBe("precious");
  });

  it("fits, quantizes and dequantizes arrays", async () => {
    const path = (name: string) => join(folder, name);
    const data = createRandom(1).fillNormal(new Float32Array(2000 * 8));
    writeFileSync(path("x.npy"), writeNpy({ data, shape: [2000, 8] }));
    const fitted = await dtok([
      "fit",
      "pq:2x16",
      path("x.npy"),
      "-o",
      path("q.safetensors"),
      "--seed",
      "7",
      "--json",
    ]);
    expect(fitted.code).toBe(0);
    const again = await dtok([
      "fit",
      "pq:2x16",
      path("x.npy"),
      "-o",
      path("q2.safetensors"),
      "--seed",
      "7",
      "--json",
    ]);
    expect(again.code).toBe(0);
    expect(readFileSync(path("q2.safetensors")).equals(readFileSync(path("q.safetensors")))).toBe(
      true,
    );
    const report = json(
      await dtok([
        "quantize",
        path("q.safetensors"),
        path("x.npy"),
        "-o",
        path("c.npy"),
        "--dtype",
        "uint16",
        "--json",
      ]),
    ) as unknown as { relativeError: number; codebooks: { used: number }[] };
    expect(report.relativeError).toBeLessThan(0.8);
    expect(report.codebooks.map(({ used }) => used)).toEqual([16, 16]);
    const codes = readNpy(readFileSync(path("c.npy")));
    expect([codes.shape, codes.data.constructor]).toEqual([[2000, 2], Uint16Array]);
    await dtok(["dequantize", path("q.safetensors"), path("c.npy"), "-o", path("y.npy")]);
    const y = readNpy(readFileSync(path("y.npy"))).data as Float32Array;
    const error = data.reduce((sum, v, i) => sum + (v - (y[i] as number)) ** 2, 0) / 2000;
    expect(error).toBeCloseTo((json(fitted) as unknown as { error: number }).error, 4);
  });

  it("quantizes by families that need no fitting, as digits too", async () => {
    const path = (name: string) => join(folder, name);
    const data = Float32Array.of(0, 0, 9, -9);
    writeFileSync(path("z.npy"), writeNpy({ data, shape: [2, 2] }));
    await dtok(["quantize", "fsq:5,3", path("z.npy"), "-o", path("i.npy"), "--dtype", "int64"]);
    await dtok(["quantize", "fsq:5,3", path("z.npy"), "-o", path("d.npy"), "--as", "digits"]);
    // Middle values 2 and 1: index 2 + 5 * 1; largest and smallest: 4 + 5 * 0.
    expect(readNpy(readFileSync(path("i.npy"))).data).toEqual(BigInt64Array.of(7n, 4n));
    expect(readNpy(readFileSync(path("d.npy"))).data).toEqual(Int32Array.of(2, 1, 4, 0));
  });

  it("leaves nothing half-written when interrupted, and goes on from its checkpoint", async () => {
    const output = join(folder, "model");
    const args = [
      "train",
      join(root, "samples"),
      "-o",
      output,
      "--steps",
      "400",
      "--batch",
      "2",
      "--size",
      "64",
    ];
    const child = spawn(process.execPath, [...node, ...args], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let seen = "";
    child.stderr.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      // Not every step is shown.
      if (!child.killed && /[1-9]\d*\/400/.test(seen)) child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(130);
    expect(readdirSync(output).toSorted()).toEqual([
      "checkpoint.safetensors",
      "decoder.onnx",
      "encoder.onnx",
      "log.jsonl",
      "manifest.json",
    ]);
    const tokens = join(folder, "own.safetensors");
    expect((await dtok(["encode", photo, "--model", output, "-o", tokens])).code).toBe(0);
    expect(loadTokenGrid(readFileSync(tokens)).tokenizer).toBe("image/my-photos");
  });
});
