import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import {
  ArgumentError,
  createQuantizer,
  createUsageMeter,
  familyOf,
  fitQuantizer,
  FsqQuantizer,
  loadQuantizer,
  MismatchError,
  npyHeaderBytes,
  openNpyRows,
  readNpy,
  saveQuantizer,
  toFloat32,
} from "@dtok/core";
import type {
  AsyncKernels,
  Codes,
  DType,
  Matrix,
  NpyRows,
  Quantizer,
  UsageMeter,
  VectorStream,
} from "@dtok/core";
import { createNodeKernels } from "@dtok/runtime";
import { Option } from "commander";
import type { Command } from "commander";
import { OutputFile, readInput, writeOutput } from "../files.js";
import { interruption, printJson, progressBar, wholeNumber } from "../output.js";

/** A .npy file of vectors, read in chunks. */
class VectorFile implements VectorStream {
  private constructor(
    private readonly file: FileHandle,
    readonly rows: NpyRows,
  ) {}

  static async open(path: string): Promise<VectorFile> {
    let file: FileHandle;
    try {
      file = await open(path);
    } catch (error) {
      throw new ArgumentError(path, {
        expected: "a .npy file that can be read",
        got: (error as Error).message,
        remedy: "Check the path.",
        cause: error,
      });
    }
    try {
      const { size } = await file.stat();
      const read = async (offset: number, length: number) => {
        const bytes = new Uint8Array(length);
        let at = 0;
        while (at < length) {
          const { bytesRead } = await file.read(bytes, at, length - at, offset + at);
          if (bytesRead === 0) return bytes.subarray(0, at);
          at += bytesRead;
        }
        return bytes;
      };
      return new VectorFile(file, await openNpyRows(read, size));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get dim(): number {
    return this.rows.columns;
  }

  get count(): number {
    return this.rows.rows;
  }

  chunks(): AsyncGenerator<Matrix> {
    return this.rows.chunks();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** Nearest codewords on several threads, for as long as `work` lasts; the codes do not depend on it. */
async function withKernels<T>(
  threads: number | undefined,
  work: (kernels: AsyncKernels) => Promise<T>,
): Promise<T> {
  const kernels = createNodeKernels(threads === undefined ? {} : { threads });
  try {
    return await work(kernels);
  } finally {
    await kernels.close();
  }
}

async function withVectors<T>(path: string, work: (file: VectorFile) => Promise<T>): Promise<T> {
  const file = await VectorFile.open(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

function withVectorsAndKernels<T>(
  path: string,
  threads: number | undefined,
  work: (file: VectorFile, kernels: AsyncKernels) => Promise<T>,
): Promise<T> {
  return withVectors(path, (file) => withKernels(threads, (kernels) => work(file, kernels)));
}

function checkDim(quantizer: Quantizer, file: VectorFile, path: string): void {
  if (quantizer.dim === file.dim) return;
  throw new MismatchError(path, {
    expected: `vectors of ${quantizer.dim} numbers (${quantizer.spec})`,
    got: String(file.dim),
    remedy: "Use the quantizer that was fitted to these vectors.",
  });
}

/** Error and use of a quantizer, chunk by chunk. */
class Quality {
  private squared = 0;
  private readonly sums: Float64Array;
  private energy = 0;
  private count = 0;
  private readonly usage: UsageMeter;
  private readonly begun = performance.now();
  private milliseconds = 0;

  constructor(
    private readonly quantizer: Quantizer,
    private readonly kernels: AsyncKernels,
  ) {
    this.sums = new Float64Array(quantizer.dim);
    this.usage = createUsageMeter(quantizer.codebookSizes);
  }

  async quantize(vectors: Matrix): Promise<Codes> {
    const start = performance.now();
    const codes = await this.quantizer.quantizeAsync(vectors, {
      kernels: this.kernels,
      signal: interruption.signal,
    });
    this.milliseconds += performance.now() - start;
    this.usage.add(codes);
    const { data } = this.quantizer.dequantize(codes);
    const { data: rows } = vectors;
    const { sums } = this;
    // Names of their own: billions of numbers pass here.
    let [squared, energy] = [0, 0];
    for (let i = 0; i < data.length;) {
      for (let d = 0; d < sums.length; d++, i++) {
        const x = rows[i] as number;
        const gap = x - (data[i] as number);
        squared += gap * gap;
        energy += x * x;
        sums[d] = (sums[d] as number) + x;
      }
    }
    this.squared += squared;
    this.energy += energy;
    this.count += vectors.shape[0];
    return codes;
  }

  report() {
    const { count } = this;
    const mean = this.sums.reduce((sum, v) => sum + (v / count) ** 2, 0);
    const variance = this.energy / count - mean;
    const error = this.squared / count;
    return {
      quantizer: this.quantizer.spec,
      vectors: count,
      dim: this.quantizer.dim,
      codebookSizes: this.quantizer.codebookSizes,
      /** Mean squared Euclidean distance of a vector to its decoding. */
      error,
      /** The same over the data's variance: 0 is exact, 1 is no better than the mean. */
      relativeError: variance > 0 ? error / variance : null,
      codebooks: this.usage.report().map((u) => ({
        size: u.size,
        used: u.used,
        utilisation: u.usedShare,
        perplexity: u.perplexity,
        entropyBits: u.entropy,
      })),
      vectorsPerSecond: this.milliseconds > 0 ? (count / this.milliseconds) * 1000 : null,
      seconds: (performance.now() - this.begun) / 1000,
    };
  }
}

/** A fitted quantizer's file, an unfitted family's spec, or a spec over given codebooks. */
async function quantizerOf(source: string, codebook: string | undefined, dim: number) {
  if (codebook !== undefined) {
    const family = familyOf(source);
    if (!family.fromCodebook) {
      throw new ArgumentError("--codebook", {
        expected: "a family with codebooks (vq, rvq, pq, aq, lsq, …)",
        got: source,
        remedy: "Leave --codebook out.",
      });
    }
    const tensor = readNpy(await readInput(codebook));
    return family.fromCodebook(source, { data: toFloat32(tensor), shape: tensor.shape });
  }
  if (/^[a-z+-]+:/.test(source)) return createQuantizer(source, { dim });
  return loadQuantizer(await readInput(source));
}

/** Codes as .npy in the smallest type that the caller asked for. */
function typed(data: Int32Array, dtype: DType): Uint8Array {
  if (dtype === "int32") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (dtype === "uint16") return new Uint8Array(Uint16Array.from(data).buffer);
  return new Uint8Array(BigInt64Array.from(data, (v) => BigInt(v)).buffer);
}

export function addFit(program: Command): void {
  program
    .command("fit")
    .description("learn a quantizer from vectors")
    .argument("<spec>", "such as vq:1024, rvq:8x256, opq+pq:16x256, lsq:8x256")
    .argument("<vectors.npy>", "[N, D], float32 or float16; may be larger than memory")
    .requiredOption("-o, --output <file>", "quantizer (safetensors)")
    .option("--seed <n>", "same seed, same data: the same quantizer", wholeNumber(0), 0)
    .option("--iterations <n>", "passes of the fit", wholeNumber(1))
    .option("--max-samples <n>", "vectors to fit on, sampled uniformly", wholeNumber(1))
    .option("--threads <n>", "default: one per core; the same result", wholeNumber(1))
    .option("--json", "error, utilisation and speed as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  dtok fit rvq:8x256 vectors.npy -o q.safetensors --seed 7
  dtok quantize q.safetensors vectors.npy -o codes.npy`,
    )
    .action(
      (
        spec: string,
        path: string,
        options: {
          output: string;
          seed: number;
          iterations?: number;
          maxSamples?: number;
          threads?: number;
          json: boolean;
        },
      ) =>
        withVectorsAndKernels(path, options.threads, async (file, kernels) => {
          const bar = await progressBar("fitting", options.json);
          const begun = performance.now();
          try {
            const quantizer = await fitQuantizer(spec, file, {
              seed: options.seed,
              kernels,
              signal: interruption.signal,
              onProgress: ({ stage, step, steps }) => bar.update(step, steps, stage),
              ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
              ...(options.maxSamples === undefined ? {} : { maxSamples: options.maxSamples }),
            });
            const fitSeconds = (performance.now() - begun) / 1000;
            await writeOutput(options.output, saveQuantizer(quantizer));
            const quality = new Quality(quantizer, kernels);
            for await (const chunk of file.chunks()) await quality.quantize(chunk);
            bar.stop();
            const report = { output: options.output, fitSeconds, ...quality.report() };
            if (options.json) printJson(report);
            else process.stdout.write(`${options.output}: ${summary(report)}\n`);
          } finally {
            bar.stop();
          }
        }),
    );
}

function summary(report: ReturnType<Quality["report"]>): string {
  const relative =
    report.relativeError === null
      ? ""
      : ` (${(report.relativeError * 100).toFixed(2)} % of variance)`;
  const used = report.codebooks.map((c) => `${c.used}/${c.size}`).join(" ");
  return `${report.quantizer}, ${report.vectors} vectors, error ${report.error.toPrecision(5)}${relative}, codes used ${used}`;
}

export function addQuantize(program: Command): void {
  program
    .command("quantize")
    .description("vectors to codes")
    .argument("<quantizer>", "a file of `dtok fit`, or a spec that needs no fitting (fsq:8,5,5,5)")
    .argument("<vectors.npy>", "[N, D], float32 or float16; read in chunks")
    .requiredOption("-o, --output <codes.npy>", "[N, Q]")
    .option(
      "--codebook <file>",
      "codebooks for a spec: VQ [K, D]; RVQ, AQ, CQ [M, K, D]; PQ [M, K, D/M]",
    )
    .addOption(
      new Option("--dtype <type>", "of the codes")
        .choices(["int32", "int64", "uint16"])
        .default("int32"),
    )
    .addOption(
      new Option("--as <form>", "FSQ: one index per codebook, or the digit of each channel")
        .choices(["index", "digits"])
        .default("index"),
    )
    .option("--threads <n>", "default: one per core; the same result", wholeNumber(1))
    .option("--json", "error, utilisation and speed as JSON", false)
    .addHelpText(
      "after",
      `
Examples:
  dtok quantize q.safetensors vectors.npy -o codes.npy
  dtok quantize fsq:8,5,5,5 z.npy -o codes.npy --as digits
  dtok quantize vq:1024 vectors.npy --codebook codebook.npy -o codes.npy`,
    )
    .action(
      (
        source: string,
        path: string,
        options: {
          output: string;
          codebook?: string;
          dtype: "int32" | "int64" | "uint16";
          as: "index" | "digits";
          threads?: number;
          json: boolean;
        },
      ) =>
        withVectorsAndKernels(path, options.threads, async (file, kernels) => {
          const quantizer = await quantizerOf(source, options.codebook, file.dim);
          checkDim(quantizer, file, path);
          const digits = options.as === "digits";
          if (digits && !(quantizer instanceof FsqQuantizer)) {
            throw new ArgumentError("--as digits", {
              expected: "an FSQ quantizer",
              got: quantizer.spec,
              remedy: "Leave it out.",
            });
          }
          const width = digits ? quantizer.dim : quantizer.codebookSizes.length;
          const largest = digits ? 0 : Math.max(...quantizer.codebookSizes);
          if (options.dtype === "uint16" && largest > 65536) {
            throw new ArgumentError("--dtype uint16", {
              expected: "codebooks of at most 65,536 entries",
              got: String(largest),
              remedy: "Use int32.",
            });
          }
          const bar = await progressBar("quantizing", options.json);
          const quality = new Quality(quantizer, kernels);
          const output = await OutputFile.create(options.output);
          try {
            await output.write(npyHeaderBytes(options.dtype, [file.count, width]));
            let done = 0;
            for await (const chunk of file.chunks()) {
              interruption.signal.throwIfAborted();
              const codes = await quality.quantize(chunk);
              const out = digits ? (quantizer as FsqQuantizer).toDigits(codes) : codes;
              await output.write(typed(out.data, options.dtype));
              done += chunk.shape[0];
              bar.update(done, file.count);
            }
            await output.commit();
          } finally {
            bar.stop();
            await output.discard();
          }
          const report = { output: options.output, ...quality.report() };
          if (options.json) printJson(report);
          else process.stdout.write(`${options.output}: ${summary(report)}\n`);
        }),
    );
}

export function addDequantize(program: Command): void {
  program
    .command("dequantize")
    .description("codes to vectors")
    .argument("<quantizer>", "a file of `dtok fit`, or a spec that needs no fitting")
    .argument("<codes.npy>", "[N, Q], any integer type; read in chunks")
    .requiredOption("-o, --output <vectors.npy>", "[N, D], float32")
    .option("--codebook <file>", "codebooks for a spec")
    .option("--levels <n>", "decode from the first levels only", wholeNumber(1))
    .option("--dim <n>", "width of the vectors, for specs that leave it open", wholeNumber(1))
    .option("--json", "the result as JSON", false)
    .addHelpText("after", "\nExample:\n  dtok dequantize q.safetensors codes.npy -o out.npy")
    .action(
      (
        source: string,
        path: string,
        options: {
          output: string;
          codebook?: string;
          levels?: number;
          dim?: number;
          json: boolean;
        },
      ) =>
        withVectors(path, async (file) => {
          const quantizer = await quantizerOf(source, options.codebook, options.dim ?? file.dim);
          const output = await OutputFile.create(options.output);
          try {
            await output.write(npyHeaderBytes("float32", [file.count, quantizer.dim]));
            for await (const { data, shape } of file.chunks()) {
              interruption.signal.throwIfAborted();
              const codes: Codes = { data: wholeNumbers(data, path), shape };
              const vectors = quantizer.dequantize(
                codes,
                options.levels === undefined ? {} : { levels: options.levels },
              );
              const { buffer, byteOffset, byteLength } = vectors.data;
              await output.write(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
            }
            await output.commit();
          } finally {
            await output.discard();
          }
          const report = { output: options.output, vectors: file.count, dim: quantizer.dim };
          if (options.json) printJson(report);
          else process.stdout.write(`${options.output}: ${file.count} x ${quantizer.dim}\n`);
        }),
    );
}

/** Codes arrive as float32, which holds whole numbers up to 2^24 exactly. */
function wholeNumbers(data: Float32Array, path: string): Int32Array {
  for (const value of data) {
    if (!Number.isInteger(value) || Math.abs(value) > 2 ** 24) {
      throw new ArgumentError(path, {
        expected: "codes: whole numbers up to 2^24",
        got: String(value),
        remedy:
          "Pass the codes that `dtok quantize` wrote; larger codebooks decode through the API.",
      });
    }
  }
  return Int32Array.from(data);
}
