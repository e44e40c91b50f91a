/*
 * Nearest codeword, k-means and the scalar families, in one run on the same arrays with the same threads:
 *
 *   pnpm bench quantizers [--quick] [--write] [--threads 2] [--repeats 5] [--min-dim 24] [--python python3]
 *
 * Rounds alternate between the peers and the fastest round of each counts, so that other load on the
 * machine falls on both; every time and the load are kept in the results. `--write` puts the tables
 * into apps/bench/results/quantizers.json and docs/benchmarks/quantizers.md.
 *
 * What to expect on two idle x86 cores: WebAssembly well over 8 times the TypeScript reference. The
 * target beside faiss (2 times for D = 8, 64, 256 and K to 65,536) is not reached; the table tells
 * how far off each case is. faiss has AVX-512, WebAssembly 128-bit registers without fused multiply-add.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createQuantizer, createRandom, kmeans, nearest } from "@dtok/core";
import { referenceKernels, wasmKernels } from "@dtok/core";
import type { AsyncKernels, Matrix } from "@dtok/core";
import { createThreadedKernels } from "@dtok/core/node";
import { createNodeRuntime, createOrtKernels } from "@dtok/runtime";
import { GraphBuilder, matmul } from "@dtok/train";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    "min-dim": { type: "string", default: "24" },
    python: { type: "string", default: "python3" },
    repeats: { type: "string", default: "5" },
  },
});
const threads = Number(values.threads);
const repeats = Number(values.repeats);

interface Peer {
  readonly version: string;
  ask(job: Record<string, unknown>): Promise<Record<string, number>>;
  close(): void;
}

/** The faiss process, or a reason why there is none. */
async function startPeer(): Promise<Peer | string> {
  const script = new URL("./peers/faiss_bench.py", import.meta.url).pathname;
  const child = spawn(values.python, [script, String(threads)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  const failed = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code) => resolve(`${values.python} ended with status ${code}`));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => {
    const line = await Promise.race([lines.next(), failed]);
    if (typeof line === "string" || line.done === true) return { error: String(await failed) };
    return JSON.parse(line.value) as Record<string, unknown>;
  };
  const hello = await read();
  if (hello["error"] !== undefined) {
    child.kill();
    return String(hello["error"]);
  }
  return {
    version: `${String(hello["version"])} (${String(hello["options"]).trim()})`,
    async ask(job) {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const answer = await read();
      if (answer["error"] !== undefined && answer["seconds"] === undefined) {
        throw new Error(`faiss: ${String(answer["error"])}`);
      }
      return answer as Record<string, number>;
    },
    close: () => child.stdin.end(),
  };
}

const fastest = (list: readonly number[]): number => Math.min(...list);
const normal = (rows: number, dim: number, seed: number): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});
async function seconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
/** All that is printed, for `--write`. */
const printed: string[] = [];
const say = (line: string): void => {
  printed.push(line);
  console.log(line);
};
const row = (...cells: (string | number)[]): void => say(`| ${cells.join(" | ")} |`);
/** Every time of every case, in seconds. */
const records: Record<string, unknown>[] = [];

async function nearestTable(peer: Peer | string, kernels: AsyncKernels, folder: string) {
  say("\n## Nearest codeword\n");
  row("D", "K", "N", "ours ms", "GFLOP/s", "faiss ms", "faiss / ours", "codes that differ");
  row("--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
  for (const dim of [8, 64, 256]) {
    for (const size of values.quick ? [1024, 8192] : [1024, 8192, 65536]) {
      // About the same work in each quick row; all of 65,536 vectors otherwise.
      const rows = values.quick
        ? Math.max(1024, Math.min(65536, Math.floor(4e9 / (size * dim))) & ~255)
        : 65536;
      const x = normal(rows, dim, 1);
      const c = normal(size, dim, 2);
      const paths = ["x", "c", "codes"].map((name) => join(folder, name));
      writeFileSync(paths[0]!, x.data);
      writeFileSync(paths[1]!, c.data);
      const warm: Matrix = { data: x.data.subarray(0, 256 * dim), shape: [256, dim] };
      await kernels.nearest(size * dim > 4096 ? warm : x, c);
      const own: number[] = [];
      const other: number[] = [];
      let codes: Int32Array = new Int32Array(0);
      for (let i = 0; i < repeats; i++) {
        own.push(await seconds(async () => (codes = (await kernels.nearest(x, c)).indices)));
        if (typeof peer === "string") continue;
        const job = { task: "nearest", dim, vectors: paths[0], codebook: paths[1], out: paths[2] };
        other.push((await peer.ask(job))["seconds"]!);
      }
      let differ = "-";
      if (other.length > 0) {
        const theirs = new Int32Array(new Uint8Array(readFileSync(paths[2]!)).buffer);
        differ = String(codes.filter((code, n) => code !== theirs[n]).length);
      }
      records.push({ task: "nearest", dim, size, rows, ours: own, faiss: other, differ });
      row(
        dim,
        size,
        rows,
        (fastest(own) * 1e3).toFixed(0),
        ((2 * rows * size * dim) / fastest(own) / 1e9).toFixed(1),
        other.length > 0 ? (fastest(other) * 1e3).toFixed(0) : "-",
        other.length > 0 ? (fastest(other) / fastest(own)).toFixed(2) : "-",
        differ,
      );
    }
  }
}

async function referenceTable() {
  say("\n## WebAssembly SIMD against the TypeScript reference, one thread\n");
  row("D", "K", "wasm GFLOP/s", "reference GFLOP/s", "ratio");
  row("--:", "--:", "--:", "--:", "--:");
  for (const [dim, size] of [
    [8, 1024],
    [64, 1024],
    [256, 1024],
    [64, 8192],
  ] as const) {
    const rows = Math.floor(2e8 / (size * dim));
    const x = normal(rows, dim, 1);
    const c = normal(size, dim, 2);
    const slow: number[] = [];
    const fast: number[] = [];
    wasmKernels.nearest(x, c);
    for (let i = 0; i < repeats; i++) {
      fast.push(await seconds(() => wasmKernels.nearest(x, c)));
      slow.push(await seconds(() => referenceKernels.nearest(x, c)));
    }
    const rate = (time: number): string => ((2 * rows * size * dim) / time / 1e9).toFixed(2);
    records.push({ task: "wasm against reference", dim, size, rows, wasm: fast, reference: slow });
    const ratio = fastest(slow) / fastest(fast);
    row(dim, size, rate(fastest(fast)), rate(fastest(slow)), ratio.toFixed(1));
  }
}

/** The machine's limit: a product of two 1,024 x 1,024 matrices through the same ONNX Runtime. */
async function productRate(): Promise<void> {
  const n = 1024;
  const g = new GraphBuilder();
  const y = matmul(g.input("a", [n, n]), g.input("b", [n, n]));
  const session = await runtime.load(g.toOnnx({ y }, "inputs"), { threads });
  const feeds = { a: normal(n, n, 1), b: normal(n, n, 2) };
  const times: number[] = [];
  for (let i = 0; i < 4 * repeats; i++) times.push(await seconds(() => session.run(feeds)));
  await session.close();
  records.push({ task: "product 1024", times });
  say(`\nBare matrix product: ${((2 * n ** 3) / fastest(times) / 1e9).toFixed(0)} GFLOP/s\n`);
}

async function scalarTable() {
  say("\n## Scalar families against copying the array, one thread\n");
  row("spec", "N", "D", "quantize ms", "copy ms", "quantize / copy");
  row("--", "--:", "--:", "--:", "--:", "--:");
  for (const [spec, dim] of [
    ["fsq:8,5,5,5", 4],
    ["fsq:7,5,5,5,5", 5],
    ["lfq:18", 18],
    ["bsq:36", 36],
  ] as const) {
    const rows = Math.floor((1 << 22) / dim);
    const x = normal(rows, dim, 5);
    const quantizer = createQuantizer(spec, { dim });
    const own: number[] = [];
    const copies: number[] = [];
    for (let i = 0; i < 4 * repeats; i++) {
      own.push(await seconds(() => quantizer.quantize(x)));
      copies.push(await seconds(() => x.data.slice()));
    }
    records.push({ task: "scalar", spec, rows, dim, ours: own, copy: copies });
    const [mine, copy] = [fastest(own) * 1e3, fastest(copies) * 1e3];
    row(spec, rows, dim, mine.toFixed(1), copy.toFixed(1), (mine / copy).toFixed(2));
  }
}

async function kmeansTable(peer: Peer | string, kernels: AsyncKernels, folder: string) {
  say("\n## k-means, 20 passes from random vectors\n");
  row("D", "K", "N", "ours s", "error", "faiss s", "error", "faiss / ours", "error ratio");
  row("--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
  for (const [dim, clusters, rows] of [
    [8, 256, 32768],
    [64, 256, 32768],
    [64, 1024, 32768],
  ] as const) {
    const x = normal(rows, dim, 3);
    const path = join(folder, "x");
    writeFileSync(path, x.data);
    let error = 0;
    const options = { clusters, iterations: 20, tolerance: 0, init: "random", kernels } as const;
    const own = await seconds(async () => {
      const { centroids } = await kmeans(x, options);
      error = nearest(x, centroids).distances.reduce((sum, d) => sum + d, 0) / rows;
    });
    const job = { task: "kmeans", dim, clusters, iterations: 20, seed: 1, vectors: path };
    const theirs = typeof peer === "string" ? undefined : await peer.ask(job);
    records.push({ task: "kmeans", dim, clusters, rows, ours: own, error, faiss: theirs ?? null });
    row(
      dim,
      clusters,
      rows,
      own.toFixed(2),
      error.toFixed(4),
      theirs?.["seconds"]?.toFixed(2) ?? "-",
      theirs?.["error"]?.toFixed(4) ?? "-",
      theirs === undefined ? "-" : (theirs["seconds"]! / own).toFixed(2),
      theirs === undefined ? "-" : (error / theirs["error"]!).toFixed(4),
    );
  }
}

async function write(): Promise<void> {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
  const command = `pnpm bench quantizers ${values.quick ? "--quick " : ""}--threads ${threads} --repeats ${repeats} --python <python with faiss-cpu>`;
  const result = {
    command,
    date: new Date().toISOString(),
    processor: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    faiss: typeof peer === "string" ? null : peer.version,
    loadAverage: loadavg(),
    records,
  };
  const json = join(root, "apps", "bench", "results", "quantizers.json");
  const page = join(root, "docs", "benchmarks", "quantizers.md");
  const text = `# Quantizers: speed\n\nMade by \`${command}\`; the fastest of ${repeats} alternating rounds of each.\nMore than 1 in "faiss / ours" means that dtok is faster.\n\n`;
  for (const [path, content] of [
    [json, JSON.stringify(result)],
    [page, `${text}${printed.join("\n")}\n`],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    const { format } = await import("prettier");
    writeFileSync(path, await format(content, { filepath: path, printWidth: 100 }));
  }
}

const folder = mkdtempSync(join(tmpdir(), "dtok-bench-"));
const runtime = await createNodeRuntime();
const narrow = createThreadedKernels({ threads });
const kernels = createOrtKernels(runtime, {
  threads,
  narrow,
  minDim: Number(values["min-dim"]),
});
const peer = await startPeer();
try {
  say(`${cpus()[0]?.model} x ${cpus().length}, Node.js ${process.version}, ${threads} threads`);
  say(
    `load average ${loadavg()
      .map((l) => l.toFixed(1))
      .join(" ")}`,
  );
  say(typeof peer === "string" ? `no faiss: ${peer}` : `faiss ${peer.version}`);
  await productRate();
  await scalarTable();
  await referenceTable();
  await nearestTable(peer, kernels, folder);
  if (!values.quick) await kmeansTable(peer, kernels, folder);
  if (values.write) await write();
} finally {
  if (typeof peer !== "string") peer.close();
  await kernels.close();
  await narrow.close();
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
}
