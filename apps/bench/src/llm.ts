/**
 * Packing, unpacking and masks of @dtok/llm on one core:
 *
 *   pnpm bench llm [--seconds 1] [--json] [--write]
 *
 * What to expect: packing and parsing at a few nanoseconds per id wherever spans are longer than a
 * hundred ids (each span costs about a microsecond besides); a mask over 200,000 ids in a few
 * microseconds. --write renews results/llm.json.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRandom } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import {
  CodeBpe,
  SequenceParser,
  TokenConstraint,
  Vocabulary,
  applyMask,
  logitsProcessor,
  pack,
  unpack,
} from "@dtok/llm";
import type { ModalitySpec, SequencePart } from "@dtok/llm";
import { buildTrie } from "@dtok/recsys";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const budget = Number(values.seconds) * 1000;
const random = createRandom(5);

/** Fastest of the runs within the budget, in milliseconds: what else the machine does is not ours. */
function fastest(work: () => unknown): number {
  for (let i = 0; i < 3; i++) work();
  let best = Infinity;
  const begun = performance.now();
  do {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  } while (performance.now() - begun < budget);
  return best;
}

const base = 128_000;
const spec = (id: string, sizes: number[], axes: 1 | 2 | 3, more: Partial<ModalitySpec>) =>
  ({ id, codebookSizes: sizes, axes, ...more }) satisfies ModalitySpec;
const eight = Array.from({ length: 8 }, () => 1024);
const modalities = [
  spec("image/raster", [15_360], 2, { layout: "raster" }),
  spec("image/rows", [15_360], 2, { layout: "row-separated" }),
  spec("audio/interleaved", eight, 1, {}),
  spec("audio/open", eight, 1, { extent: "open" }),
  spec("audio/delay", eight, 1, { layout: "delay" }),
  spec("audio/level-major", eight, 1, { layout: "level-major" }),
  spec("speech/run-length", [500], 1, { layout: "run-length:32" }),
  spec("item/id", [256, 256, 256, 64], 1, { layout: "items" }),
];
const vocabulary = new Vocabulary({ base, modalities });

function grid(id: string, shape: number[], runs = 1): TokenGrid {
  const { codebookSizes } = vocabulary.modality(id);
  const rows = shape.reduce((a, b) => a * b, 1);
  const width = codebookSizes.length;
  const data = new Int32Array(rows * width);
  for (let n = 0; n < rows; n++) {
    const again = runs > 1 && n > 0 && random.integer(runs) > 0;
    for (let q = 0; q < width; q++) {
      data[n * width + q] = again ? data[(n - 1) * width + q]! : random.integer(codebookSizes[q]!);
    }
  }
  return { codes: { data, shape: [rows, width] }, shape, codebookSizes, side: {}, tokenizer: id };
}

const text = Int32Array.from({ length: 500 }, () => random.integer(base));
const many = <T>(count: number, make: () => T) => Array.from({ length: count }, make);
const cases: Record<string, SequencePart[]> = {
  "images 32 x 32, raster": many(400, () => grid("image/raster", [32, 32])),
  "images 32 x 32, row-separated": many(400, () => grid("image/rows", [32, 32])),
  "sound 500 x 8, interleaved": many(100, () => grid("audio/interleaved", [500])),
  "sound 500 x 8, open": many(100, () => grid("audio/open", [500])),
  "sound 500 x 8, delay": many(100, () => grid("audio/delay", [500])),
  "sound 500 x 8, level-major": many(100, () => grid("audio/level-major", [500])),
  "speech 2000 units, run-length": many(100, () => grid("speech/run-length", [2000], 3)),
  "20 items x 4": many(3000, () => grid("item/id", [20])),
  "text 500, image 32 x 32, sound 500 x 8": many(100, () => [
    text,
    grid("image/rows", [32, 32]),
    grid("audio/delay", [500]),
  ]).flat(),
  "one grid 512 x 512": [grid("image/raster", [512, 512])],
  "text alone": [Int32Array.from({ length: 400_000 }, () => random.integer(base))],
};
const rows: Record<string, Record<string, number>> = {};
for (const [name, parts] of Object.entries(cases)) {
  const { ids } = pack(vocabulary, parts);
  const rate = (milliseconds: number) => ids.length / milliseconds / 1000;
  const pieces = () => {
    const parser = new SequenceParser(vocabulary);
    for (let i = 0; i < ids.length; i += 64) parser.push(ids.subarray(i, i + 64));
    return parser.flush();
  };
  rows[name] = {
    "ids, thousands": ids.length / 1000,
    "pack, M ids/s": rate(fastest(() => pack(vocabulary, parts))),
    "unpack, M ids/s": rate(fastest(() => unpack(vocabulary, ids))),
    "parse by 64, M ids/s": rate(fastest(pieces)),
  };
}

// Masks: at 200,000 ids, each place of a sequence that is different.
const size = 200_000 - 256 - 3 * 4 - 15_360 - (256 * 3 + 64) - 40_000;
const large = new Vocabulary({
  base: size,
  modalities: [
    spec("image/a", [15_360], 2, { layout: "raster" }),
    spec("item/a", [256, 256, 256, 64], 1, { layout: "items" }),
    spec("item/flat", [40_000], 1, { layout: "items" }),
  ],
});
const items = Int32Array.from({ length: 100_000 * 4 }, (_, i) =>
  i % 4 === 3 ? Math.floor(i / 4) % 64 : random.integer(256),
);
const seen = new Set<string>();
const kept: number[] = [];
for (let i = 0; i < items.length; i += 4) {
  const id = items.subarray(i, i + 4);
  if (seen.has(id.join())) continue;
  seen.add(id.join());
  kept.push(...id);
}
// Every other item of a flat list of 40,000: the widest sparse level there can be.
const sparse = Int32Array.from({ length: 20_000 }, (_, i) => i * 2);
const tries = {
  "item/a": buildTrie(
    { data: Int32Array.from(kept), shape: [kept.length / 4, 4] },
    [256, 256, 256, 64],
  ),
  "item/flat": buildTrie({ data: sparse, shape: [sparse.length, 1] }, [40_000]),
};
const block = (id: string) => large.modality(id);
const first = block("item/a");
const places: Record<string, number[]> = {
  "between spans": [],
  "extent of an image": [block("image/a").begin],
  "code of an image": [
    block("image/a").begin,
    ...[0, 16, 0, 16].map((value) => large.sizes + value),
  ],
  "first code of an item, 100,000 items": [first.begin],
  "second code of an item": [first.begin, first.offsets[0]! + kept[0]!],
  "an item of 20,000 in one level": [block("item/flat").begin],
};
const masks: Record<string, { microseconds: number }> = {};
for (const [name, ids] of Object.entries(places)) {
  const constraint = new TokenConstraint(large, { tries });
  for (const id of ids) constraint.advance(id);
  const out = new Uint32Array(constraint.words);
  const repeat = 200;
  const time = fastest(() => {
    for (let i = 0; i < repeat; i++) constraint.allowed(out);
  });
  masks[name] = { microseconds: (time / repeat) * 1000 };
}
{
  const constraint = new TokenConstraint(large, { tries });
  const out = constraint.allowed();
  const logits = new Float32Array(large.size);
  masks["setting 200,000 logits by a mask"] = {
    microseconds: fastest(() => applyMask(out, logits)) * 1000,
  };
  constraint.advance(block("image/a").begin);
  const narrow = constraint.allowed();
  masks["setting 200,000 logits by a narrow mask"] = {
    microseconds: fastest(() => applyMask(narrow, logits)) * 1000,
  };
  // A whole step of generation behind 2,000 ids, as transformers.js calls it.
  const process = logitsProcessor(large, { tries });
  const ids: bigint[] = Array.from({ length: 2000 }, () => 5n);
  const tensor = { data: logits, dims: [1, large.size] };
  process([ids], tensor);
  masks["logits processor, a step behind 2,000 ids"] = {
    microseconds: fastest(() => process([ids], tensor)) * 1000,
  };
}

// Merges of codes.
const speech = many(400, () => grid("speech/run-length", [2000], 3).codes.data);
const begun = performance.now();
const bpe = CodeBpe.train(speech, { size: 500, vocabulary: 4096 });
const trained = performance.now() - begun;
const coded = bpe.encode(speech[0]!);
const bpeRows = {
  "train, 800,000 codes to 4,096 ids, s": trained / 1000,
  "encode, M codes/s": 2000 / fastest(() => bpe.encode(speech[0]!)) / 1000,
  "decode, M codes/s": 2000 / fastest(() => bpe.decode(coded)) / 1000,
};

const machine = `${cpus()[0]?.model.trim()} x ${cpus().length}, Node.js ${process.versions.node}`;
const result = { machine, ids: large.size, rows, masks, bpe: bpeRows };
if (values.write) {
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = join(here, "..", "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "llm.json"), `${JSON.stringify(result, null, 2)}\n`);
}
if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  const round = (table: Record<string, Record<string, number>>) => {
    for (const row of Object.values(table)) {
      for (const [key, value] of Object.entries(row)) row[key] = Number(value.toFixed(1));
    }
    console.table(table);
  };
  console.log(`${machine}; fastest of the runs of ${values.seconds} s, one core`);
  round(rows);
  console.log(`masks over ${large.size} ids`);
  round(masks);
  console.log("byte-pair merges of codes");
  round({ CodeBpe: bpeRows });
}
