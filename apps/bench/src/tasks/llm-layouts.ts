import { createRandom } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { Vocabulary, pack, unpack } from "@dtok/llm";
import type { ModalitySpec, SequenceLayout } from "@dtok/llm";
import { summarise } from "../harness/format.js";
import type { BenchMetric, Summary } from "../harness/format.js";
import { exportsOf } from "../harness/plugins.js";
import type { ExportsTask, MeasuredEntry } from "../harness/task.js";

const metrics: readonly BenchMetric[] = [
  { key: "ids", name: "ids a code", better: "less", digits: 4 },
  { key: "first", name: "ids until the first position is whole", better: "less", digits: 0 },
  { key: "table", name: "places, M/s", better: "more", digits: 1 },
  { key: "pack", name: "pack, M ids/s", better: "more", digits: 1, optional: true },
  { key: "unpack", name: "unpack, M ids/s", better: "more", digits: 1, optional: true },
];

interface Case {
  readonly id: string;
  readonly layout: SequenceLayout;
  readonly shape: readonly number[];
  readonly sizes: readonly number[];
  /** Left out where a vocabulary cannot name the layout. */
  readonly spec?: Partial<ModalitySpec>;
}

function isLayout(value: unknown): value is SequenceLayout {
  const layout = value as Partial<SequenceLayout> | null;
  return (
    typeof layout === "object" &&
    layout !== null &&
    typeof layout.spec === "string" &&
    typeof layout.order === "function"
  );
}

const eight = Array.from({ length: 8 }, () => 1024);
/** A picture of 32 x 32 codes, ten seconds of sound by 8 levels, 100 items by 4. */
const cases = [
  ["raster", [32, 32], [15_360]],
  ["row-separated", [32, 32], [15_360]],
  ["interleaved", [500], eight],
  ["level-major", [500], eight],
  ["delay", [500], eight],
  ["delay:0,1,1,1,1,1,1,1", [500], eight],
  ["coarse-to-fine:4,4", [500], eight],
  ["semantic-acoustic:1", [500], eight],
  ["items", [100], [256, 256, 256, 64]],
] as const;

/** Each code exactly once: what makes a layout one. */
function checkOrder(order: Int32Array, codes: number): void {
  const seen = new Uint8Array(codes);
  for (const place of order) {
    if (place < 0) continue;
    if (place >= codes || seen[place]) throw new Error(`it writes code ${place} twice or has none`);
    seen[place] = 1;
  }
  const missing = seen.indexOf(0);
  if (missing >= 0) throw new Error(`it never writes code ${missing}`);
}

/** Runs per second of the fastest of five, three rounds of which give the spread. */
function speed(work: () => void, amount: number): Summary {
  work();
  const rounds = Array.from({ length: 3 }, () => {
    let best = Infinity;
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      work();
      best = Math.min(best, performance.now() - start);
    }
    return amount / best / 1000;
  });
  return summarise(rounds);
}

function measured({ layout, shape, sizes, spec }: Case): Record<string, Summary> {
  const positions = shape.reduce((a, b) => a * b, 1);
  const refusal = layout.refuses?.(sizes.length, shape.length);
  if (refusal !== undefined) throw new Error(`it refuses: ${refusal}`);
  const order = layout.order(shape, sizes.length);
  checkOrder(order, positions * sizes.length);
  const one = (mean: number): Summary => ({ mean, spread: 0 });
  const own = order.findIndex(
    (_, i) => order.subarray(0, i + 1).filter((p) => p >= 0 && p < sizes.length).length === sizes.length, // prettier-ignore
  );
  const plain = {
    ids: one(order.length / (positions * sizes.length)),
    first: one(own + 1),
    table: speed(() => {
      for (let i = 0; i < 100; i++) layout.order(shape, sizes.length);
    }, 100 * order.length),
  };
  if (spec === undefined) return plain;
  const modality = { id: "m/m", codebookSizes: sizes, axes: shape.length as 1 | 2, ...spec };
  const vocabulary = new Vocabulary({ base: 128_000, modalities: [modality] });
  const random = createRandom(5);
  const grid: TokenGrid = {
    codes: {
      data: Int32Array.from({ length: positions * sizes.length }, (_, i) =>
        random.integer(sizes[i % sizes.length]!),
      ),
      shape: [positions, sizes.length],
    },
    shape,
    codebookSizes: sizes,
    side: {},
    tokenizer: "m/m",
  };
  const parts = Array.from({ length: 50 }, () => grid);
  const { ids } = pack(vocabulary, parts);
  return {
    ...plain,
    ids: one(ids.length / (50 * positions * sizes.length)),
    pack: speed(() => void pack(vocabulary, parts), ids.length),
    unpack: speed(() => void unpack(vocabulary, ids), ids.length),
  };
}

async function* entries(
  exported: Readonly<Record<string, unknown>>,
  _files: readonly string[],
  kind: "tokenizer" | "plugin",
): AsyncGenerator<MeasuredEntry> {
  const { sequenceLayout } = exported as {
    sequenceLayout?: (spec: string) => SequenceLayout;
  };
  const list: Case[] = exportsOf(exported, isLayout).map((layout) => ({
    id: layout.spec,
    layout,
    shape: [500],
    sizes: eight,
  }));
  if (kind === "tokenizer" && sequenceLayout) {
    for (const [spec, shape, sizes] of cases) {
      list.push({
        id: `${spec}, ${shape.join(" x ")} by ${sizes.length}`,
        layout: sequenceLayout(spec),
        shape,
        sizes,
        spec: { layout: spec as NonNullable<ModalitySpec["layout"]> },
      });
    }
  }
  if (list.length === 0) throw new Error("it exports no layout { spec, order }");
  for (const one of list) {
    try {
      yield { id: one.id, values: measured(one) };
    } catch (error) {
      yield { id: one.id, error: error instanceof Error ? error.message : String(error) };
    }
  }
}

export const llmLayouts: ExportsTask = {
  id: "llm/layouts",
  title: "Layouts: grids as ids of a language model; spreads over three rounds",
  metrics,
  entries,
};
