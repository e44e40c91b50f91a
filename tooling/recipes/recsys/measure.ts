/**
 * The methods side by side on a catalogue that `fetch.ts` made: error, use of codes, collisions,
 * neighbourhoods.
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/measure.ts [ml-100k] [--levels 3x32] [--steps 800] [--only "residual;pq"]
 *
 * Writes .runs/recsys/measure-<catalogue>.json and prints a Markdown table. Some minutes on two cores,
 * nearly all of them for the RQ-VAEs; OPQ, whose rotation is 832 x 832, only where --only names it: it
 * had not ended after ten minutes. What the methods see: text (hashed n-grams) and collaborative
 * vectors side by side; "text only" where LETTER's collaborative term brings the second in instead.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { codebookUsage, fitQuantizer } from "@dtok/core";
import type { Codes, Matrix, Quantizer, Tensor } from "@dtok/core";
import {
  ResidualQuantizer,
  collisionReport,
  fitHierarchical,
  fitResidual,
  neighbourRecall,
} from "@dtok/recsys";
import { createRuntime } from "@dtok/runtime";
import { writeFileAtomic } from "@dtok/train/node";
import { trainRqVae } from "@dtok/train/presets";
import type { RqVaeRegularisers } from "@dtok/train/presets";
import { collaborativeVectors, itemVectors, loadDataset, root } from "./items.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    levels: { type: "string", default: "3x32" },
    steps: { type: "string", default: "800" },
    only: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const name = positionals[0] ?? "ml-100k";
const seed = Number(values.seed);
const [levels, size] = values.levels.split("x").map(Number) as [number, number];
const dataset = loadDataset(name);
const both = itemVectors(dataset);
const texts = itemVectors(dataset, false);
const taken = collaborativeVectors(dataset);
const runtime = await createRuntime();

interface Coded {
  readonly codes: Codes;
  readonly sizes: readonly number[];
  /** What the codes stand for. */
  readonly decoded: Matrix;
}
const by = async (vectors: Matrix, made: Promise<Quantizer>): Promise<Coded> => {
  const quantizer = await made;
  const codes = quantizer.quantize(vectors);
  return { codes, sizes: quantizer.codebookSizes, decoded: quantizer.dequantize(codes) };
};
async function rqVae(vectors: Matrix, regularisers: RqVaeRegularisers = {}): Promise<Coded> {
  const model = await trainRqVae(
    runtime,
    vectors,
    { levels, size },
    { steps: Number(values.steps), batch: 512, seed, ...regularisers },
  );
  const quantizer = new ResidualQuantizer(model.codebooks);
  const [up, down] = [await runtime.load(model.encoder), await runtime.load(model.decoder)];
  const { latents } = await up.run({ vectors });
  const codes = quantizer.quantize(latents as Matrix);
  const out = await down.run({ latents: quantizer.dequantize(codes) });
  await up.close();
  await down.close();
  return { codes, sizes: quantizer.codebookSizes, decoded: out.vectors as Matrix };
}
const methods: Record<string, { vectors: Matrix; code: () => Promise<Coded> }> = {
  residual: {
    vectors: both,
    code: () => by(both, fitResidual(`rkmeans:${values.levels}`, both, { seed })),
  },
  hierarchical: {
    vectors: both,
    code: () => by(both, fitHierarchical(`hkmeans:${values.levels}`, both, { seed })),
  },
  pq: {
    vectors: both,
    code: () => by(both, fitQuantizer(`pq:${levels + 1}x${size}`, both, { seed })),
  },
  opq: {
    vectors: both,
    code: () => by(both, fitQuantizer(`opq+pq:${levels + 1}x${size}`, both, { seed })),
  },
  "rq-vae": { vectors: both, code: () => rqVae(both) },
  "rq-vae, even last level": { vectors: both, code: () => rqVae(both, { sinkhorn: {} }) },
  "rq-vae, text only": { vectors: texts, code: () => rqVae(texts) },
  "rq-vae, text only, collaborative": {
    vectors: texts,
    code: () => rqVae(texts, { collaborative: { vectors: taken } }),
  },
  "rq-vae, text only, collaborative and diversity": {
    vectors: texts,
    code: () => rqVae(texts, { collaborative: { vectors: taken }, diversity: {} }),
  },
};

/** Mean squared error over the vectors' variance. */
function relativeError(vectors: Matrix, decoded: Matrix): number {
  const [rows, dim] = vectors.shape;
  const mean = new Float64Array(dim);
  for (const [i, v] of vectors.data.entries()) mean[i % dim]! += v / rows;
  let [error, spread] = [0, 0];
  for (const [i, v] of vectors.data.entries()) {
    error += (v - decoded.data[i]!) ** 2;
    spread += (v - mean[i % dim]!) ** 2;
  }
  return error / spread;
}

mkdirSync(join(root, ".runs", "recsys"), { recursive: true });
const path = join(root, ".runs", "recsys", `measure-${name}.json`);
const known = (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}) as Record<
  string,
  unknown
>;
const wanted = values.only?.split(";") ?? Object.keys(methods).filter((method) => method !== "opq");
console.log(
  "| method | error | codes used | bits per level | collisions | near ones, prefix 1 / 2 / 3 | taken together, prefix 1 |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
// Films that nobody took before the last two of each history have no neighbours of that kind.
const rows = Array.from({ length: taken.shape[0] }, (_, n) => n).filter((n) =>
  taken.data.subarray(n * taken.shape[1], (n + 1) * taken.shape[1]).some((v) => v !== 0),
);
const pick = <T extends Float32Array | Int32Array>(x: Tensor<T>, width: number) => {
  const data = new (x.data.constructor as new (n: number) => T)(rows.length * width);
  for (const [i, n] of rows.entries()) {
    data.set(x.data.subarray(n * width, (n + 1) * width), i * width);
  }
  return { data, shape: [rows.length, width] as const };
};
for (const method of wanted) {
  const { vectors, code } = methods[method]!;
  const { codes, sizes, decoded } = await code();
  const usage = codebookUsage(codes, sizes);
  const result = {
    error: relativeError(vectors, decoded),
    used: usage.map(({ used }) => used),
    entropy: usage.map(({ entropy }) => entropy),
    collisions: collisionReport(codes, sizes).rate,
    near: neighbourRecall(vectors, codes, { seed: 1 }),
    together: neighbourRecall(pick(taken, taken.shape[1]), pick(codes, codes.shape[1]), {
      seed: 1,
    }),
  };
  known[method] = { levels: values.levels, steps: Number(values.steps), seed, ...result };
  writeFileAtomic(path, new TextEncoder().encode(JSON.stringify(known, null, 2)));
  const { near, together } = result;
  console.log(
    `| ${method} | ${result.error.toFixed(3)} | ${result.used.join(" ")} | ` +
      `${result.entropy.map((bits) => bits.toFixed(2)).join(" ")} | ` +
      `${(result.collisions * 100).toFixed(1)} % | ` +
      `${near.recall.map((v) => v.toFixed(3)).join(" / ")} | ` +
      `${together.recall[0]!.toFixed(3)} (chance ${together.chance[0]!.toFixed(3)}) |`,
  );
}
await runtime.close();
