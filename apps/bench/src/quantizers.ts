/*
 * Nearest codeword, k-means, the families with codebooks and the scalar ones, in one run on the same
 * arrays with the same threads:
 *
 *   pnpm bench quantizers [--quick] [--write] [--threads 2] [--repeats 3] [--python python3]
 *                         [--note "how it was run, for the page"]
 *                         [--only nearest-8,nearest-64,nearest-256,kmeans,families,lsq,scalar,wasm]
 *
 * Rounds alternate between the peers and the fastest round of each counts, so that other load on the
 * machine falls on both; every time and the load are kept in the results. `--write` puts the tables
 * into apps/bench/results/quantizers.json and docs/benchmarks/quantizers.md; with `--only` those of
 * the other sections stay as they are, each with the machine and the load of its own run.
 *
 * What to expect on two idle x86 cores with AVX2: WebAssembly some 45 times the TypeScript reference;
 * codewords in blocks (few numbers, or vectors near few directions) up to 20 times faiss. Where nothing can
 * be left out, relaxed SIMD's products of bytes reach 1.6 times the rate of faiss's float32 product, which
 * makes 1.7 to 2.2 times faiss at 64 numbers, 1.1 to 1.3 at 256 and 0.7 at 8 numbers and 1,024 codewords,
 * where faiss runs at its peak. The same loop in C, with registers of 128 bits as WebAssembly has them, is
 * 5 to 10 % faster: the rest would take wider registers, which only native code has. With AVX-512 faiss gains
 * more than WebAssembly does, and ONNX Runtime's 8-bit product (VNNI) is the faster one from 160 numbers on.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createQuantizer, createRandom, fitQuantizer, kmeans, nearest } from "@dtok/core";
import { referenceKernels, wasmKernels } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { createNodeKernels, createNodeRuntime } from "@dtok/runtime";
import { GraphBuilder, matmul } from "@dtok/train";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "python3" },
    repeats: { type: "string", default: "3" },
    only: { type: "string" },
    note: { type: "string" },
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
      await setTimeout(SETTLE);
      if (answer["error"] !== undefined && answer["seconds"] === undefined) {
        throw new Error(`faiss: ${String(answer["error"])}`);
      }
      return answer as Record<string, number>;
    },
    close: () => child.stdin.end(),
  };
}

/** Milliseconds after each answer: a peer's OpenMP threads spin for a while when their work is done. */
const SETTLE = 300;

const fastest = (list: readonly number[]): number => Math.min(...list);
const normal = (rows: number, dim: number, seed: number): Matrix => ({
  data: createRandom(seed).fillNormal(new Float32Array(rows * dim)),
  shape: [rows, dim],
});
/** Vectors near 4,096 centres that lie in a space of 16 directions: as embeddings do. */
function clustered(rows: number, dim: number, seed: number): Matrix {
  const inner = Math.min(dim, 16);
  const shared = createRandom(77);
  const basis = shared.fillNormal(new Float32Array(inner * dim));
  const centres = shared.fillNormal(new Float32Array(4096 * inner));
  const random = createRandom(seed);
  const data = random.fillNormal(new Float32Array(rows * dim), 0.05);
  for (let n = 0; n < rows; n++) {
    const centre = random.integer(4096) * inner;
    for (let k = 0; k < inner; k++) {
      const weight = centres[centre + k]! + 0.2 * random.normal();
      for (let d = 0; d < dim; d++) data[n * dim + d]! += weight * basis[k * dim + d]!;
    }
  }
  return { data, shape: [rows, dim] };
}
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

async function nearestTable(dim: number) {
  say(`\n## Nearest codeword, D = ${dim}\n`);
  row(
    "array",
    "K",
    "N",
    "ours ms",
    "GFLOP/s",
    "of the bare product",
    "faiss ms",
    "faiss / ours",
    "codes that differ",
  );
  row("--", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
  const arrays = { Gaussian: normal, clustered };
  for (const [name, make] of Object.entries(arrays)) {
    for (const size of values.quick ? [1024, 8192] : [1024, 8192, 65536]) {
      // About the same work in each quick row; 65,536 vectors otherwise, 16,384 where that takes minutes.
      const rows = values.quick
        ? Math.max(1024, Math.min(65536, Math.floor(4e9 / (size * dim))) & ~255)
        : size * dim > 2 ** 22
          ? 16384
          : 65536;
      const x = make(rows, dim, 1);
      const c = make(size, dim, 2);
      const paths = ["x", "c", "codes"].map((file) => join(folder, file));
      writeFileSync(paths[0]!, x.data);
      writeFileSync(paths[1]!, c.data);
      const warm: Matrix = { data: x.data.subarray(0, 256 * dim), shape: [256, dim] };
      await kernels.nearest(size * dim > 65536 ? warm : x, c);
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
      records.push({
        task: "nearest",
        array: name,
        dim,
        size,
        rows,
        ours: own,
        faiss: other,
        differ,
      });
      const rate = (2 * rows * size * dim) / fastest(own) / 1e9;
      row(
        name,
        size,
        rows,
        (fastest(own) * 1e3).toFixed(0),
        rate.toFixed(1),
        `${((100 * rate) / bare).toFixed(0)} %`,
        other.length > 0 ? (fastest(other) * 1e3).toFixed(0) : "-",
        other.length > 0 ? (fastest(other) / fastest(own)).toFixed(2) : "-",
        differ,
      );
    }
  }
}

/**
 * PQ, OPQ, RVQ and LSQ: fitted by each side, on the same clustered vectors. `rounds` is the iterations of a
 * fit, where not those that a family takes by itself.
 */
async function familyTable(
  specs: readonly (readonly [spec: string, kind: string, beam: number, rounds?: number])[],
  rows: number,
) {
  const dim = 64;
  say(`\n## Families of codebooks, 8 x 256, ${rows} clustered vectors of ${dim}\n`);
  row("spec", "fit s", "faiss s", "encode ms", "faiss ms", "faiss / ours", "error", "faiss error");
  row("--", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
  const x = clustered(rows, dim, 7);
  const vectors = join(folder, "x");
  writeFileSync(vectors, x.data);
  const peers = new Map<string, Record<string, number>>();
  for (const [spec, kind, beam, rounds] of specs) {
    const start = performance.now();
    const iterations = rounds === undefined ? {} : { iterations: rounds };
    const quantizer = await fitQuantizer(spec, x, { kernels, seed: 1, ...iterations });
    const fit = (performance.now() - start) / 1000;
    const own: number[] = [];
    let codes = await quantizer.quantizeAsync(x, { kernels });
    for (let i = 0; i < 2 * repeats; i++) {
      own.push(await seconds(async () => (codes = await quantizer.quantizeAsync(x, { kernels }))));
    }
    const decoded = quantizer.dequantize(codes).data;
    const error = decoded.reduce((sum, value, i) => sum + (value - x.data[i]!) ** 2, 0) / rows;
    const files = { vectors, words: join(folder, "words"), rotation: join(folder, "rotation") };
    const job = { task: "family", kind, dim, codebooks: 8, beam, repeats: 2 * repeats, ...files };
    const known = `${kind} ${beam}`;
    if (typeof peer !== "string" && !peers.has(known)) peers.set(known, await peer.ask(job));
    const theirs = peers.get(known);
    const name = rounds === undefined ? spec : `${spec}, ${rounds} rounds`;
    records.push({
      task: "family",
      spec: name,
      dim,
      rows,
      fit,
      ours: own,
      error,
      faiss: theirs ?? null,
    });
    row(
      name,
      fit.toFixed(2),
      theirs?.["fit"]?.toFixed(2) ?? "-",
      (fastest(own) * 1e3).toFixed(0),
      theirs === undefined ? "-" : (theirs["seconds"]! * 1e3).toFixed(0),
      theirs === undefined ? "-" : (theirs["seconds"]! / fastest(own)).toFixed(2),
      error.toFixed(4),
      theirs?.["error"]?.toFixed(4) ?? "-",
    );
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
    // On Node.js 20 it is the threads that bring relaxed SIMD.
    await kernels.nearest(x, c);
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
async function productRate(): Promise<number> {
  const n = 1024;
  const g = new GraphBuilder();
  const y = matmul(g.input("a", [n, n]), g.input("b", [n, n]));
  const session = await runtime.load(g.toOnnx({ y }, "inputs"), { threads });
  const feeds = { a: normal(n, n, 1), b: normal(n, n, 2) };
  const times: number[] = [];
  for (let i = 0; i < 4 * repeats; i++) times.push(await seconds(() => session.run(feeds)));
  await session.close();
  records.push({ task: "product 1024", times });
  return (2 * n ** 3) / fastest(times) / 1e9;
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
    // Milliseconds each: enough rounds that some are not disturbed.
    for (let i = 0; i < 30 * repeats; i++) {
      own.push(await seconds(() => quantizer.quantize(x)));
      copies.push(await seconds(() => x.data.slice()));
    }
    records.push({ task: "scalar", spec, rows, dim, ours: own, copy: copies });
    const [mine, copy] = [fastest(own) * 1e3, fastest(copies) * 1e3];
    row(spec, rows, dim, mine.toFixed(1), copy.toFixed(1), (mine / copy).toFixed(2));
  }
}

async function kmeansTable() {
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
    const options = { clusters, iterations: 20, tolerance: 0, init: "random", kernels } as const;
    const job = { task: "kmeans", dim, clusters, iterations: 20, seed: 1, vectors: path };
    const times: number[] = [];
    let theirs: Record<string, number> | undefined;
    let centroids: Matrix = x;
    for (let i = 0; i < repeats; i++) {
      times.push(await seconds(async () => ({ centroids } = await kmeans(x, options))));
      if (typeof peer === "string") continue;
      const answer = await peer.ask(job);
      if (theirs === undefined || answer["seconds"]! < theirs["seconds"]!) theirs = answer;
    }
    const error = nearest(x, centroids).distances.reduce((sum, d) => sum + d, 0) / rows;
    const own = fastest(times);
    records.push({
      task: "kmeans",
      dim,
      clusters,
      rows,
      ours: times,
      error,
      faiss: theirs ?? null,
    });
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

interface Section {
  readonly date: string;
  readonly machine: string;
  readonly lines: readonly string[];
  readonly records: readonly unknown[];
}

/** Puts the sections of this run into the results, and all of them onto the page. */
async function write(sections: Readonly<Record<string, Section>>): Promise<void> {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
  const json = join(root, "apps", "bench", "results", "quantizers.json");
  const page = join(root, "docs", "benchmarks", "quantizers.md");
  const command = `pnpm bench quantizers ${values.quick ? "--quick " : ""}--threads ${threads} --repeats ${repeats} --python <python with faiss-cpu>`;
  let old: Record<string, Section> = {};
  try {
    const read = JSON.parse(readFileSync(json, "utf8")) as { sections?: Record<string, Section> };
    if (values.only !== undefined) old = read.sections ?? {};
  } catch {
    // The first run.
  }
  const all = { ...old, ...sections };
  const ordered = Object.fromEntries(
    Object.keys(SECTIONS).flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]!]])),
  );
  const text = [
    `# Quantizers: speed\n\nMade by \`${command}\`; the fastest of ${repeats} alternating rounds of each.`,
    'More than 1 in "faiss / ours" means that dtok is faster. "Gaussian" vectors and codewords have no structure',
    'that could be used; "clustered" ones lie near 4,096 centres in 16 directions. Codes that differ are',
    "those where faiss, in float32, finds another of two nearly equal codewords.",
    ...(values.note === undefined ? [] : ["", values.note]),
    ...Object.values(ordered).flatMap(({ machine, lines }) => [...lines, "", machine]),
  ];
  for (const [path, content] of [
    [json, JSON.stringify({ command, sections: ordered })],
    [page, `${text.join("\n")}\n`],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    const { format } = await import("prettier");
    writeFileSync(path, await format(content, { filepath: path, printWidth: 100 }));
  }
}

const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  scalar: scalarTable,
  wasm: referenceTable,
  "nearest-8": () => nearestTable(8),
  "nearest-64": () => nearestTable(64),
  "nearest-256": () => nearestTable(256),
  kmeans: kmeansTable,
  families: () =>
    familyTable(
      [
        ["pq:8x256", "pq", 1],
        ["opq:8x256", "opq", 1],
        ["rvq:8x256", "rvq", 1],
        ["ervq:8x256", "rvq", 1, 2],
        ["rvq:8x256,beam=5", "rvq", 5],
      ],
      8192,
    ),
  lsq: () =>
    familyTable(
      [
        ["lsq:8x256", "lsq", 1],
        ["lsq:8x256", "lsq", 1, 2],
      ],
      2048,
    ),
};

const folder = mkdtempSync(join(tmpdir(), "dtok-bench-"));
const runtime = await createNodeRuntime();
const kernels = createNodeKernels({ threads });
const peer = await startPeer();
let bare = NaN;
try {
  const names = values.only?.split(",") ?? Object.keys(SECTIONS);
  const sections: Record<string, Section> = {};
  for (const name of names) {
    const run = SECTIONS[name];
    if (run === undefined)
      throw new Error(`--only: ${Object.keys(SECTIONS).join(", ")}, not ${name}`);
    printed.length = 0;
    records.length = 0;
    bare = await productRate();
    await run();
    const load = loadavg().map((l) => l.toFixed(1));
    const machine =
      `${cpus()[0]?.model} x ${cpus().length}, Node.js ${process.version}, ${threads} threads; bare matrix product ` +
      `${bare.toFixed(0)} GFLOP/s; load average ${load.join(" ")}; ` +
      (typeof peer === "string" ? `no faiss: ${peer}` : `faiss ${peer.version}`);
    console.log(`\n${machine}`);
    sections[name] = {
      date: new Date().toISOString(),
      machine,
      lines: [...printed],
      records: [...records],
    };
  }
  if (values.write) await write(sections);
} finally {
  if (typeof peer !== "string") peer.close();
  await kernels.close();
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
}
