/**
 * The photograph tokenizers end to end:
 *
 *   pnpm bench image [--runs 25] [--json]
 *
 * What to expect: of `encode` on 1024 x 1024 pixels some hundredths are spent outside the ONNX session. Of
 * a JPEG, which libjpeg decodes on one core in 5 ms, the model has the upper rows while the rest is decoded:
 * a tenth or less is outside on an idle machine (more under load). Of many files the next is decoded
 * meanwhile. The command encodes a photograph in less than a second, its start included.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ImageSignal } from "@dtok/core";
import { loadImageTokenizer } from "@dtok/image/node";
import { createRuntime } from "@dtok/runtime/node";
import sharp from "sharp";
import { timedRuntime } from "./harness/timed-runtime.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const { values } = parseArgs({
  options: { runs: { type: "string", default: "25" }, json: { type: "boolean", default: false } },
});
const runs = Number(values.runs);
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] as number;

/** Pictures of a run in which the next is decoded while the model has one. */
const ROW = 16;

const jpeg = await sharp(join(root, "samples", "pavilion.jpg"))
  .resize(1024, 1024, { fit: "cover" })
  .jpeg({ quality: 90 })
  .toBuffer();
const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
const pixels: ImageSignal = { data, width: 1024, height: 1024, channels: 3 };

const rows: Record<string, Record<string, number>> = {};
for (const name of ["photo-8x", "photo-16x"] as const) {
  const native = await createRuntime();
  const clock = timedRuntime(native);
  const tokenizer = await loadImageTokenizer(name, { runtime: clock.runtime });
  const measure = async (work: () => Promise<unknown>) => {
    await work();
    let best = { ms: Number.POSITIVE_INFINITY, outside: 0 };
    for (let i = 0; i < runs; i++) {
      const before = clock.milliseconds();
      const start = performance.now();
      await work();
      const ms = performance.now() - start;
      const outside = (ms - (clock.milliseconds() - before)) / ms;
      if (ms < best.ms) best = { ms, outside };
    }
    return best;
  };
  const fromPixels = await measure(() => tokenizer.encode(pixels));
  const fromJpeg = await measure(() => tokenizer.encode(jpeg));
  const inARow = await measure(async () => {
    for await (const _ of tokenizer.encodeEach(Array.from({ length: ROW }, () => jpeg)));
  });
  const grid = await tokenizer.encode(pixels);
  const decoded = await measure(() => tokenizer.decode(grid));
  await tokenizer.close();
  await native.close();
  rows[name] = {
    "encode pixels, ms": fromPixels.ms,
    "outside the session, %": fromPixels.outside * 100,
    "encode JPEG, ms": fromJpeg.ms,
    "outside with JPEG, %": fromJpeg.outside * 100,
    "JPEGs in a row, ms each": inARow.ms / ROW,
    "outside in a row, %": inARow.outside * 100,
    "decode, ms": decoded.ms,
    "decode outside, %": decoded.outside * 100,
  };
}

const bin = join(root, "packages", "cli", "bin", "dtok.js");
let coldStart: { version: number; encode: number } | null = null;
if (existsSync(join(root, "packages", "cli", "dist", "bin.js"))) {
  const folder = mkdtempSync(join(tmpdir(), "dtok-bench-"));
  const time = (...words: string[]) =>
    median(
      Array.from({ length: runs }, () => {
        const start = performance.now();
        const { status } = spawnSync(process.execPath, [bin, ...words]);
        if (status !== 0) throw new Error(`dtok ${words.join(" ")} failed`);
        return performance.now() - start;
      }),
    );
  const photo = join(root, "samples", "coffee.jpg");
  coldStart = {
    version: time("--version"),
    encode: time("encode", photo, "-o", join(folder, "tokens.safetensors")),
  };
  rmSync(folder, { recursive: true });
}
const machine = `${cpus()[0]?.model.trim()} x ${cpus().length}, Node.js ${process.versions.node}`;
if (values.json) {
  console.log(JSON.stringify({ machine, size: [1024, 1024], runs, rows, coldStart }, null, 2));
} else {
  console.log(`${machine}; fastest of ${runs}; 1024 x 1024 pixels`);
  for (const row of Object.values(rows)) {
    for (const [key, value] of Object.entries(row)) row[key] = Number(value.toFixed(2));
  }
  console.table(rows);
  console.log(
    coldStart === null
      ? "cold start of the command: build first (pnpm build)"
      : `the command from its start to its end, ms: dtok --version ${coldStart.version.toFixed(0)}, dtok encode coffee.jpg ${coldStart.encode.toFixed(0)}`,
  );
}
