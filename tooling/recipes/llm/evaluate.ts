/**
 * What the trained model knows about the tokens, and what it writes:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/llm/evaluate.ts [--samples 8] [--write]
 *
 * - Bits per code on held-out data, beside a unigram and a bigram over the same codes and factors.
 * - Sequences drawn under the masks (all must be whole spans) and without (how many are).
 * - The sequences as pictures and sounds in .runs/llm/.
 *
 * --write renews results.json beside this file.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom } from "@dtok/core";
import type { ModelRuntime, TokenGrid } from "@dtok/core";
import { loadAudioTokenizer, writeWav } from "@dtok/audio";
import { loadImageTokenizer, writeImage } from "@dtok/image";
import { TokenConstraint, applyMask, joinFactors, pack, unpack } from "@dtok/llm";
import type { Vocabulary } from "@dtok/llm";
import { createRuntime } from "@dtok/runtime";
import { GraphBuilder } from "@dtok/train";
import { natsOf } from "./gpt.js";
import { Generator, loadTrained, sample } from "./model.js";
import type { Trained } from "./model.js";
import { Ngram } from "./ngram.js";
import { openSources, runs } from "./sources.js";
import type { Source } from "./sources.js";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "8" },
    temperature: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});

/** Films of a list that is drawn. */
const FILMS = 20;

const trained = loadTrained();
const sources = openSources().filter(({ modality }) =>
  trained.vocabulary.modalities.some(({ id }) => id === modality.id),
);
const runtime = await createRuntime();
const modelability: Record<string, Record<string, number>> = {};
for (const source of sources) {
  modelability[source.name] = {
    ...counted(source),
    "model, bits per code": await modelled(runtime, trained, source),
  };
}
console.table(modelability);
const written = await generate(runtime, trained);
console.log(written);
await runtime.close();
if (values.write) {
  const parameters = Object.values(trained.parameters).reduce((n, { data }) => n + data.length, 0);
  const result = { step: trained.step, parameters, shape: trained.shape, modelability, written };
  writeFileSync(join(here, "results.json"), `${JSON.stringify(result, null, 2)}\n`);
}

/** Unigram and bigram, counted on all of the training codes, in bits per code. */
function counted(source: Source): Record<string, number> {
  const ngram = new Ngram(source.alphabet);
  for (let n = 0; n < source.count("train"); n++) {
    ngram.add(source.symbols(source.grid("train", n)));
  }
  const sums = { codes: 0, unigram: 0, bigram: 0 };
  for (let n = 0; n < source.count("test"); n++) {
    const symbols = source.symbols(source.grid("test", n));
    const { unigram, bigram } = ngram.bits(symbols);
    sums.codes += symbols.length;
    sums.unigram += unigram;
    sums.bigram += bigram;
  }
  return {
    "codes of test": sums.codes,
    "unigram, bits per code": sums.unigram / sums.codes,
    "bigram, bits per code": sums.bigram / sums.codes,
  };
}

/** Bits per code of the model: all ids behind the begin token, the end token too. */
async function modelled(
  runtime: ModelRuntime,
  { shape, parameters, vocabulary }: Trained,
  source: Source,
): Promise<number> {
  const batch = 4;
  const g = new GraphBuilder("measure");
  const nats = natsOf(g, batch, shape);
  const session = await runtime.load(g.toOnnx({ nats }, parameters));
  const count = source.count("test");
  let sum = 0;
  let codes = 0;
  for (let at = 0; at < count; at += batch) {
    const n = batch * shape.length;
    const ids = new BigInt64Array(n);
    const targets = new BigInt64Array(n);
    const counts = new Uint8Array(n);
    for (let b = 0; b < batch && at + b < count; b++) {
      const grid = source.grid("test", at + b);
      codes += source.symbols(grid).length;
      const tokens = pack(vocabulary, [grid]).ids;
      for (let t = 0; t + 1 < tokens.length; t++) {
        ids[b * shape.length + t] = BigInt(tokens[t]!);
        targets[b * shape.length + t] = BigInt(tokens[t + 1]!);
        counts[b * shape.length + t] = 1;
      }
    }
    const out = await session.run({
      ids: { data: ids, shape: [n] },
      targets: { data: targets, shape: [n] },
    });
    const { data } = out.nats as { data: Float32Array };
    for (let i = 0; i < n; i++) if (counts[i]) sum += data[i]!;
  }
  await session.close();
  return sum / Math.LN2 / codes;
}

/** Sequences of each modality, with masks and without; how many are whole, and how fast. */
async function generate(runtime: ModelRuntime, model: Trained) {
  const { vocabulary, shape } = model;
  const generator = await Generator.create(runtime, model);
  const random = createRandom(11);
  const results: Record<string, Record<string, number>> = {};
  for (const source of sources) {
    for (const masked of [true, false]) {
      const count = Number(values.samples);
      let whole = 0;
      let ids = 0;
      const maskTimes: number[] = [];
      const begun = performance.now();
      for (let n = 0; n < count; n++) {
        const { id, begin } = vocabulary.modality(source.modality.id);
        const constraint = new TokenConstraint(vocabulary, {
          text: false,
          ...(source.trie && { tries: { [id]: source.trie }, shapes: { [id]: [FILMS] } }),
        });
        const mask = new Uint32Array(constraint.words);
        const list = [begin];
        constraint.advance(begin);
        generator.reset();
        while (list.length <= shape.length) {
          const logits = await generator.next(list.at(-1)!);
          if (masked) {
            const start = performance.now();
            applyMask(constraint.allowed(mask), logits);
            maskTimes.push(performance.now() - start);
          }
          const id = sample(logits, Number(values.temperature), random.float());
          list.push(id);
          if (masked) constraint.advance(id);
          if (masked ? constraint.complete : vocabulary.meaning(id).kind === "end") break;
        }
        ids += list.length;
        const grid = wholeGrid(source, vocabulary, list);
        if (grid === undefined) continue;
        whole++;
        if (masked && source.name === "image") await keepPicture(grid, n);
        if (masked && source.name === "sound") await keepSound(grid, n);
      }
      const milliseconds = performance.now() - begun;
      results[`${source.name}, ${masked ? "with masks" : "without"}`] = {
        sequences: count,
        whole,
        "ids per second": Math.round((ids / milliseconds) * 1000),
        // The median: now and then the runtime's threads hold both cores.
        ...(masked && {
          "microseconds per mask":
            Math.round(maskTimes.toSorted((a, b) => a - b)[maskTimes.length >> 1]! * 10_000) / 10,
        }),
      };
    }
  }
  await generator.close();
  return results;
}

/** The one grid that a sequence is, if it is a whole span and all of its IDs are of items. */
function wholeGrid(
  { trie }: Source,
  vocabulary: Vocabulary,
  ids: readonly number[],
): TokenGrid | undefined {
  let grid: TokenGrid;
  try {
    [grid] = unpack(vocabulary, ids) as [TokenGrid];
  } catch {
    return undefined;
  }
  if (trie === undefined) return grid;
  const { data } = grid.codes;
  for (let from = 0; from < data.length; from += trie.depth) {
    let at: unknown = trie.root;
    for (let q = 0; q < trie.depth && at !== undefined; q++) at = trie.step(at, data[from + q]!);
    if (at === undefined) return undefined;
  }
  return grid;
}

async function keepPicture(grid: TokenGrid, n: number): Promise<void> {
  const joined = joinFactors(grid, "image/photo-8x");
  const tokenizer = await loadImageTokenizer("photo-8x");
  const [rows, columns] = joined.shape as [number, number];
  const side = { width: columns * 8, height: rows * 8 };
  const picture = await tokenizer.decode({ ...joined, side });
  await writeImage(picture, join(runs, `image-${n}.png`));
  await tokenizer.close();
}

/** 2.56 seconds; a sound's own length and rate are not in its ids. */
async function keepSound(grid: TokenGrid, n: number): Promise<void> {
  const tokenizer = await loadAudioTokenizer("sound-16k");
  const { id, stride } = tokenizer.manifest;
  const side = { length: grid.shape[0]! * stride[0]!, sampleRate: 16_000 };
  const sound = await tokenizer.decode({ ...grid, tokenizer: id, side });
  await writeWav(join(runs, `sound-${n}.wav`), sound);
  await tokenizer.close();
}
