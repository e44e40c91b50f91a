/*
 * Nearest codeword and k-means against faiss, in one run, on the same arrays, with the same threads.
 *
 *   npx tsx --conditions=@dtok/source apps/bench/src/quantizers.ts [--quick] [--threads 2] [--python python3]
 *
 * Runs alternate between the peers and the medians of paired ratios are reported, so that other load on
 * the machine falls on both. What to expect on two idle x86 cores: the WebAssembly kernels well over
 * 8 times the TypeScript reference; the ONNX Runtime kernels ahead of faiss from D = 64 on. For small
 * D faiss has a fused AVX kernel of its own on all threads, ours runs on one.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createRandom, kmeans, nearest, referenceKernels, wasmKernels } from "@dtok/core";
import type { AsyncKernels, Matrix } from "@dtok/core";
import { createNodeRuntime, createOrtKernels } from "@dtok/runtime";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    repeats: { type: "string", default: "3" },
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

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
const normal = (rows: number, dim: number, seed: number): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});
async function seconds(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
const row = (...cells: (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);

async function nearestTable(peer: Peer | string, kernels: AsyncKernels, folder: string) {
  console.log("\n## Nearest codeword\n");
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
      await kernels.nearest(warm, c);
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
      const ratios = other.map((time, i) => time / own[i]!);
      row(
        dim,
        size,
        rows,
        (median(own) * 1e3).toFixed(0),
        ((2 * rows * size * dim) / median(own) / 1e9).toFixed(1),
        other.length > 0 ? (median(other) * 1e3).toFixed(0) : "-",
        other.length > 0 ? median(ratios).toFixed(2) : "-",
        differ,
      );
    }
  }
}

async function referenceTable() {
  console.log("\n## WebAssembly SIMD against the TypeScript reference, one thread\n");
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
    const ratio = median(slow.map((time, i) => time / fast[i]!));
    row(dim, size, rate(median(fast)), rate(median(slow)), ratio.toFixed(1));
  }
}

async function kmeansTable(peer: Peer | string, kernels: AsyncKernels, folder: string) {
  console.log("\n## k-means, 20 passes from random vectors\n");
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

const folder = mkdtempSync(join(tmpdir(), "dtok-bench-"));
const runtime = await createNodeRuntime();
const kernels = createOrtKernels(runtime, { threads });
const peer = await startPeer();
try {
  console.log(
    `${cpus()[0]?.model} x ${cpus().length}, Node.js ${process.version}, ${threads} threads`,
  );
  console.log(
    `load average ${loadavg()
      .map((l) => l.toFixed(1))
      .join(" ")}`,
  );
  console.log(typeof peer === "string" ? `no faiss: ${peer}` : `faiss ${peer.version}`);
  await referenceTable();
  await nearestTable(peer, kernels, folder);
  await kmeansTable(peer, kernels, folder);
} finally {
  if (typeof peer !== "string") peer.close();
  await kernels.close();
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
}
