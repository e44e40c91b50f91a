/**
 * What IDs are worth to a recommender: a small GPT reads the IDs of a user's last films and writes the
 * ID of the next one, under the masks of the prefix trie (generative retrieval, TIGER). Leave one out:
 * each user's last film is the test, the one before it the validation, films already seen are no
 * answers. The same network, steps and trie with
 *
 *   semantic   the catalogue's IDs
 *   random     the same IDs, dealt to the films at random
 *   items      one token per film (SASRec-like)
 *
 * and popularity, on ml-latest-small:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/recsys/retrieval.ts [--seeds 1,2,3] [--steps 1200]
 *
 * Writes .runs/recsys/retrieval.json after every run. Item vectors were made without the last two films
 * of each user.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom, Random } from "@dtok/core";
import type { Codes, ModelSession, Tensor } from "@dtok/core";
import { buildTrie, Catalogue } from "@dtok/recsys";
import type { PrefixTrie } from "@dtok/recsys";
import { createRuntime } from "@dtok/runtime";
import {
  add,
  cosineSchedule,
  gather,
  GraphBuilder,
  linearLayer,
  logSoftmax,
  matmul,
  mul,
  neg,
  oneHot,
  reduceSum,
  reshape,
  rmsNorm,
  silu,
  softmax,
  Trainer,
  transpose,
} from "@dtok/train";
import type { Value } from "@dtok/train";
import { writeFileAtomic } from "@dtok/train/node";
import { loadDataset, root } from "./items.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    steps: { type: "string", default: "1200" },
    kinds: { type: "string", default: "semantic,random,items" },
    width: { type: "string", default: "128" },
    layers: { type: "string", default: "3" },
  },
});
const [steps, WIDTH, LAYERS] = [values.steps, values.width, values.layers].map(Number) as [
  number,
  number,
  number,
];
const HEADS = 4;
/** Films that the model sees. */
const HISTORY = 20;
const BATCH = 32;
const BEAM = 20;
const CHECK_EVERY = 150;

const dataset = loadDataset("ml-latest-small");
const histories = dataset.histories.filter((list) => list.length >= 5);
const count = dataset.items.length;
const runtime = await createRuntime();

interface Ids {
  readonly codes: Codes;
  readonly sizes: readonly number[];
  /** Where each level's tokens begin; 0 is the beginning of a sequence. */
  readonly offsets: readonly number[];
  readonly vocabulary: number;
  readonly trie: PrefixTrie;
}

function idsOf(codes: Codes, sizes: readonly number[]): Ids {
  const offsets: number[] = [];
  let vocabulary = 1;
  for (const size of sizes) {
    offsets.push(vocabulary);
    vocabulary += size;
  }
  return { codes, sizes, offsets, vocabulary, trie: buildTrie(codes, sizes) };
}

/** Hidden states [B T, WIDTH] of tokens [B, T] (causal), and the table of embeddings. */
function network(
  g: GraphBuilder,
  random: Random,
  batch: number,
  length: number,
  vocabulary: number,
) {
  const normal = (scale: number) => (n: number) => random.fillNormal(new Float32Array(n), scale);
  const table = g.parameter("tokens", [vocabulary, WIDTH], normal(0.02));
  const places = g.parameter("places", [length, WIDTH], normal(0.02));
  const tokens = g.input("tokens.in", [batch * length], "int64");
  let x = add(reshape(gather(table, tokens), [batch, length, WIDTH]), places);
  const size = WIDTH / HEADS;
  const future = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e9 : 0,
  );
  const mask = g.constant({ data: future, shape: [length, length] });
  for (let l = 0; l < LAYERS; l++) {
    const h = rmsNorm(g, `${l}.norm1`, x);
    const [q, k, v] = ["q", "k", "v"].map((name) =>
      transpose(
        reshape(linearLayer(g, random, `${l}.${name}`, h, WIDTH), [batch, length, HEADS, size]),
        [0, 2, 1, 3],
      ),
    ) as [Value, Value, Value];
    const scores = add(mul(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(size)), mask);
    const mixed = reshape(transpose(matmul(softmax(scores), v), [0, 2, 1, 3]), [
      batch,
      length,
      WIDTH,
    ]);
    x = add(x, linearLayer(g, random, `${l}.out`, mixed, WIDTH, 0.1));
    const inner = silu(
      linearLayer(g, random, `${l}.up`, rmsNorm(g, `${l}.norm2`, x), WIDTH * 4, 2),
    );
    x = add(x, linearLayer(g, random, `${l}.down`, inner, WIDTH, 0.1));
  }
  return { hidden: reshape(rmsNorm(g, "norm", x), [batch * length, WIDTH]), table };
}

/** Mean cross-entropy per token that counts. */
function lossOf(
  g: GraphBuilder,
  random: Random,
  batch: number,
  length: number,
  vocabulary: number,
) {
  const { hidden, table } = network(g, random, batch, length, vocabulary);
  const targets = g.input("targets", [batch * length], "int64");
  const weights = g.input("weights", [batch * length]);
  const logits = logSoftmax(matmul(hidden, table, { transposeB: true }));
  const each = reduceSum(mul(logits, oneHot(targets, vocabulary)), [1]);
  return neg(reduceSum(mul(each, weights)));
}

/** Tokens of films, behind the token of the beginning. */
function tokensOf({ codes, sizes, offsets }: Ids, films: readonly number[]): number[] {
  const out = [0];
  for (const film of films) {
    for (let l = 0; l < sizes.length; l++)
      out.push(offsets[l]! + codes.data[film * sizes.length + l]!);
  }
  return out;
}

/** One batch of windows; `onlyLast` counts the last film's tokens only. */
function batchOf(
  ids: Ids,
  windows: readonly (readonly number[])[],
  length: number,
  onlyLast = false,
) {
  const rows = windows.length;
  const depth = ids.sizes.length;
  const inputs = new BigInt64Array(rows * length);
  const targets = new BigInt64Array(rows * length);
  const weights = new Float32Array(rows * length);
  let counted = 0;
  for (const [b, films] of windows.entries()) {
    const tokens = tokensOf(ids, films);
    for (let t = 0; t + 1 < tokens.length; t++) {
      inputs[b * length + t] = BigInt(tokens[t]!);
      targets[b * length + t] = BigInt(tokens[t + 1]!);
      if (onlyLast && t + 1 < tokens.length - depth) continue;
      weights[b * length + t] = 1;
      counted++;
    }
  }
  for (const [i, weight] of weights.entries()) weights[i] = weight / counted;
  const shape = [rows * length];
  return {
    "tokens.in": { data: inputs, shape },
    targets: { data: targets, shape },
    weights: { data: weights, shape },
  };
}

async function train(ids: Ids, seed: number, name: string) {
  const length = HISTORY * ids.sizes.length;
  const trainer = await Trainer.create(
    runtime,
    (g) => ({ loss: lossOf(g, new Random(seed), BATCH, length, ids.vocabulary) }),
    { betas: [0.9, 0.98], clipNorm: 1, weightDecay: 0.1 },
  );
  const g = new GraphBuilder("check");
  const loss = lossOf(g, new Random(seed), BATCH, length, ids.vocabulary);
  const check = await runtime.load(g.toOnnx({ loss }, "inputs"));
  const validation = histories.map((list) => list.slice(0, -1).slice(-HISTORY));
  const schedule = cosineSchedule({ learningRate: 1.5e-3, steps, warmup: 100 });
  let best = { loss: Infinity, step: 0, parameters: trainer.parameters() };
  const begun = performance.now();
  while (trainer.step < steps) {
    const random = createRandom(seed, trainer.step + 7);
    const windows = Array.from({ length: BATCH }, () => {
      // Users by the length of their histories, as the films in them are.
      const list = histories[random.integer(histories.length)]!.slice(0, -2);
      const end =
        list.length <= HISTORY ? list.length : HISTORY + random.integer(list.length - HISTORY + 1);
      return list.slice(Math.max(0, end - HISTORY), end);
    });
    const result = await trainer.run(batchOf(ids, windows, length), schedule(trainer.step));
    if (trainer.step % CHECK_EVERY !== 0 && trainer.step !== steps) continue;
    let sum = 0;
    let batches = 0;
    for (let at = 0; at + BATCH <= validation.length; at += BATCH) {
      const feeds = batchOf(ids, validation.slice(at, at + BATCH), length, true);
      const out = await check.run({ ...feeds, ...trainer.parameters() });
      sum += (out.loss!.data as Float32Array)[0]!;
      batches++;
    }
    const found = sum / batches;
    if (found < best.loss)
      best = { loss: found, step: trainer.step, parameters: trainer.parameters() };
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    console.log(
      `${name} seed ${seed} ${trainer.step}/${steps}  loss ${result.loss.toFixed(3)}  validation ${found.toFixed(3)}  ${seconds} s`,
    );
  }
  await trainer.close();
  await check.close();
  return best;
}

interface Scores {
  readonly "recall@5": number;
  readonly "recall@10": number;
  readonly "ndcg@5": number;
  readonly "ndcg@10": number;
}

/** Of one ranked list of unseen films per user. */
function score(lists: readonly (readonly number[])[]): Scores {
  const sums = { "recall@5": 0, "recall@10": 0, "ndcg@5": 0, "ndcg@10": 0 };
  for (const [user, list] of lists.entries()) {
    const rank = list.indexOf(histories[user]!.at(-1)!);
    for (const k of [5, 10] as const) {
      if (rank < 0 || rank >= k) continue;
      sums[`recall@${k}`] += 1 / lists.length;
      sums[`ndcg@${k}`] += 1 / Math.log2(rank + 2) / lists.length;
    }
  }
  return sums;
}

/** Beam search along the trie; of the last level's candidates the unseen films, best first. */
async function retrieve(ids: Ids, parameters: Record<string, Tensor>): Promise<number[][]> {
  const depth = ids.sizes.length;
  const length = HISTORY * depth;
  const rows = 60;
  const g = new GraphBuilder("next");
  const { hidden, table } = network(g, new Random(0), rows, length, ids.vocabulary);
  const last = g.input("last", [rows], "int64");
  const scores = logSoftmax(matmul(gather(hidden, last), table, { transposeB: true }));
  const session = await runtime.load(g.toOnnx({ scores }, parameters));
  const lists: number[][] = [];
  // Three users of a beam of 20 fill a run.
  const group = rows / BEAM;
  for (let at = 0; at < histories.length; at += group) {
    const users = histories.slice(at, at + group);
    let beams = users.map((list) => [
      {
        tokens: tokensOf(ids, list.slice(0, -1).slice(1 - HISTORY)),
        codes: [] as number[],
        score: 0,
      },
    ]);
    for (let l = 0; l < depth; l++) {
      const flat = beams.flat();
      const logits = await nextScores(
        session,
        flat.map(({ tokens }) => tokens),
        rows,
        length,
      );
      let row = 0;
      beams = beams.map((own, u) => {
        const seen = new Set(users[u]!.slice(0, -1));
        const found: typeof own = [];
        for (const beam of own) {
          const base = row++ * ids.vocabulary + ids.offsets[l]!;
          for (const code of ids.trie.allowed(beam.codes)) {
            const codes = [...beam.codes, code];
            if (l === depth - 1 && seen.has(ids.trie.lookup(codes))) continue;
            found.push({
              tokens: [...beam.tokens, ids.offsets[l]! + code],
              codes,
              score: beam.score + logits[base + code]!,
            });
          }
        }
        return found.sort((a, b) => b.score - a.score).slice(0, BEAM);
      });
    }
    for (const own of beams)
      lists.push(own.slice(0, 10).map(({ codes }) => ids.trie.lookup(codes)));
  }
  await session.close();
  return lists;
}

async function nextScores(
  session: ModelSession,
  sequences: readonly (readonly number[])[],
  rows: number,
  length: number,
): Promise<Float32Array> {
  const tokens = new BigInt64Array(rows * length);
  const last = new BigInt64Array(rows);
  for (const [b, list] of sequences.entries()) {
    for (const [t, token] of list.entries()) tokens[b * length + t] = BigInt(token);
    last[b] = BigInt(b * length + list.length - 1);
  }
  const out = await session.run({
    "tokens.in": { data: tokens, shape: [rows * length] },
    last: { data: last, shape: [rows] },
  });
  return out.scores!.data as Float32Array;
}

/** The films that most others took, without those of each user's own past. */
function popularity(): number[][] {
  const counts = new Int32Array(count);
  for (const list of histories) for (const film of list.slice(0, -2)) counts[film]!++;
  const order = Array.from(counts.keys()).toSorted((a, b) => counts[b]! - counts[a]!);
  return histories.map((list) => {
    const seen = new Set(list.slice(0, -1));
    return order.filter((film) => !seen.has(film)).slice(0, 10);
  });
}

const folder = join(root, "packages", "recsys", "models", "movielens-small");
const catalogue = Catalogue.load(
  new Uint8Array(readFileSync(join(folder, "catalogue.safetensors"))),
);
const depth = catalogue.codebookSizes.length;
/** IDs in the order of the data set's films, dealt anew by `order`. */
function dealt(order: ArrayLike<number>): Ids {
  const data = new Int32Array(count * depth);
  for (let row = 0; row < count; row++) {
    data.set(catalogue.codesOf(dataset.items[order[row]!]!.id), row * depth);
  }
  return idsOf({ data, shape: [count, depth] }, catalogue.codebookSizes);
}

const results: Record<string, (Scores & { readonly bestStep?: number })[]> = {
  popularity: [score(popularity())],
};
console.log("popularity", results.popularity![0]);
mkdirSync(join(root, ".runs", "recsys"), { recursive: true });
for (const seed of values.seeds.split(",").map(Number)) {
  for (const kind of values.kinds.split(",")) {
    const same = Array.from({ length: count }, (_, i) => i);
    const ids =
      kind === "semantic"
        ? dealt(same)
        : kind === "random"
          ? dealt(createRandom(seed, 99).shuffle(same))
          : idsOf({ data: Int32Array.from(same), shape: [count, 1] }, [count]);
    const best = await train(ids, seed, kind);
    const scores = score(await retrieve(ids, best.parameters));
    (results[kind] ??= []).push({ ...scores, bestStep: best.step });
    console.log(kind, "seed", seed, "best step", best.step, scores);
    writeFileAtomic(
      join(root, ".runs", "recsys", "retrieval.json"),
      new TextEncoder().encode(
        JSON.stringify({ steps, users: histories.length, results }, null, 2),
      ),
    );
  }
}
await runtime.close();
