import { readInput, writeOutput } from "../files.js";
import { interruption, printJson, progressBar, wholeNumber } from "../output.js";
import { ArgumentError, fitQuantizer } from "@dtok/core";
import type { Matrix, Quantizer, VectorStream } from "@dtok/core";
import {
  Catalogue,
  ResidualQuantizer,
  catalogueDrift,
  collaborativeFeatures,
  compareCatalogues,
  fitHierarchical,
  fitResidual,
  migrationTable,
  readInteractions,
  renderReport,
  summarise,
} from "@dtok/recsys";
import type { CatalogueSummary, CollisionStrategy } from "@dtok/recsys";
import type { RqVaeRegularisers } from "@dtok/train/presets";
import { Option } from "commander";
import type { Command } from "commander";
import {
  DECODER,
  ENCODER,
  digestOf,
  encoded,
  encoderOf,
  gathered,
  notesOf,
  openEncoder,
  readCatalogue,
  withItems,
  writeFolder,
} from "./folder.js";
import type { ItemFlags } from "./folder.js";

const METHODS = ["residual", "hierarchical", "pq", "opq", "rq-vae"] as const;
type Method = (typeof METHODS)[number];

/** About two minutes for ten thousand items x 832 on two cores. */
const RQ_VAE_STEPS = 2400;

/** How to read a file of items. */
function itemFlags(command: Command): Command {
  return command
    .option("--id <column>", "Parquet, CSV, JSON lines: item ids (default: item_id, id or item)")
    .option("--vector <name>", "Parquet, CSV, JSON lines: column of vectors; safetensors: tensor")
    .option("--text <columns>", "columns of text, comma-separated, as hashed n-gram features")
    .option("--embedder <folder>", "text-embedding model (manifest.json, ONNX) for these columns")
    .option("--text-dim <n>", "width of those features (default: 768)", wholeNumber(1))
    .option("--ids <file>", ".npy, safetensors: item ids, one a line (default: row numbers)");
}

export function addRecsys(program: Command): void {
  const recsys = program
    .command("recsys")
    .description("semantic IDs: items of a catalogue as tokens such as <a_12><b_200><c_7><d_0>")
    .addHelpText(
      "after",
      `
Examples:
  dtok recsys fit items.parquet --id item_id --levels 3x256 -o ids/
  dtok recsys assign new.parquet -c ids/
  dtok recsys report ids/ -o report.html
  dtok recsys compare ids-monday/ ids/ -o migration.tsv`,
    );
  addFit(recsys);
  addAssign(recsys);
  addReport(recsys);
  addCompare(recsys);
  addDrift(recsys);
}

interface FitFlags extends ItemFlags {
  readonly levels: [number, number];
  readonly method: Method;
  readonly collisions: CollisionStrategy;
  readonly output: string;
  readonly seed: number;
  readonly steps: number;
  readonly maxSamples?: number;
  readonly interactions?: string;
  readonly user?: string;
  readonly item?: string;
  readonly diversity: boolean;
  readonly even: boolean;
  readonly json: boolean;
}

function levelsOf(text: string): [number, number] {
  const match = /^(\d{1,2})x(\d{1,5})$/.exec(text);
  const [levels, size] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || levels < 1 || size < 2 || size > 65536) {
    throw new ArgumentError("--levels", {
      expected: "<levels>x<codes>, such as 3x256",
      got: text,
      remedy: "Up to 99 levels of 2 to 65,536 codes.",
    });
  }
  return [levels, size];
}

function addFit(recsys: Command): void {
  itemFlags(
    recsys
      .command("fit")
      .description("learn IDs from a catalogue, and give every item one")
      .argument(
        "<items>",
        ".npy, .parquet, .csv, .jsonl or .safetensors; .npy and Parquet may exceed memory",
      )
      .requiredOption(
        "-o, --output <folder>",
        "catalogue.safetensors, ids.parquet, and encoder.onnx of rq-vae",
      ),
  )
    .option("--levels <LxK>", "levels and codes per level", "3x256")
    .addOption(
      new Option("--method <name>", "residual k-means needs no training; rq-vae trains a network")
        .choices([...METHODS])
        .default("residual"),
    )
    .addOption(
      new Option("--collisions <how>", "a suffix token, or other codes at the least cost or evenly")
        .choices(["suffix", "reassign", "sinkhorn"])
        .default("suffix"),
    )
    .option("--seed <n>", "same seed, same items: the same IDs", wholeNumber(0), 0)
    .option("--steps <n>", "rq-vae: training steps", wholeNumber(10), RQ_VAE_STEPS)
    .option("--interactions <file>", "rq-vae: who took what, .csv or .parquet (LETTER's term)")
    .option("--user <column>", "of interactions (default: user_id, userId or user)")
    .option("--item <column>", "of interactions (default: item_id, itemId or item)")
    .option("--diversity", "rq-vae: codes that spread out (LETTER's term)", false)
    .option("--even", "rq-vae: even use of the last level's codes (LC-Rec)", false)
    .option("--max-samples <n>", "items to fit on, sampled uniformly", wholeNumber(1))
    .option("--json", "the summary as JSON", false)
    .action(async (path: string, flags: Omit<FitFlags, "levels"> & { levels: string }) => {
      const options: FitFlags = { ...flags, levels: levelsOf(flags.levels) };
      await withItems(path, options, async (file) => {
        const bar = await progressBar("recsys", options.json);
        const begun = performance.now();
        try {
          // Names are checked before minutes of work: duplicates are the commonest mistake.
          refuseDuplicates(file.ids, path);
          const regularisers = await regularisersOf(options, file.ids);
          const elapsed = () => (performance.now() - begun) / 1000;
          const fitted = await fit(file.vectors, options, regularisers, (done, total, note) =>
            bar.update(done, total, note),
          );
          const fittedAt = elapsed();
          let codedAt = fittedAt;
          try {
            const { catalogue, resolution } = await Catalogue.create(
              file.ids,
              fitted.vectors,
              fitted.quantizer,
              {
                strategy: options.collisions,
                notes: { ...notesOf(options), method: options.method, ...fitted.notes },
                signal: interruption.signal,
                onProgress: (done, total) => {
                  bar.update(done, total, "coding");
                  codedAt = elapsed();
                },
                ...(fitted.kernels && { kernels: fitted.kernels }),
              },
            );
            await writeFolder(options.output, catalogue, fitted.models);
            bar.stop();
            const seconds = elapsed();
            const { moved, addedError } = resolution;
            const report = {
              output: options.output,
              seconds,
              fitSeconds: fittedAt,
              codeSeconds: codedAt - fittedAt,
              moved,
              addedError,
              ...summarise(catalogue),
            };
            if (options.json) printJson(report);
            else process.stdout.write(`${options.output}: ${lines(report)}`);
          } finally {
            await fitted.close();
          }
        } finally {
          bar.stop();
        }
      });
    });
}

type Advance = (done: number, total: number, note: string) => void;

async function regularisersOf(
  { method, interactions, user, item, diversity, even }: FitFlags,
  ids: readonly string[],
): Promise<RqVaeRegularisers> {
  if (method !== "rq-vae" && (interactions !== undefined || diversity || even)) {
    throw new ArgumentError(`--method ${method}`, {
      expected: "rq-vae with --interactions, --diversity or --even",
      got: method,
      remedy: "Add --method rq-vae.",
    });
  }
  let taken: Matrix | undefined;
  if (interactions !== undefined) {
    const read = await readInteractions(interactions, ids, {
      signal: interruption.signal,
      ...(user !== undefined && { user }),
      ...(item !== undefined && { item }),
    });
    if (read.users.length === 0) {
      throw new ArgumentError(interactions, {
        expected: "interactions with items of the catalogue",
        got: `${read.unknown} with others, none with these`,
        remedy: "Check that both files name items alike.",
      });
    }
    taken = collaborativeFeatures(read, ids.length);
  }
  return {
    ...(taken && { collaborative: { vectors: taken } }),
    ...(diversity && { diversity: {} }),
    ...(even && { sinkhorn: {} }),
  };
}

async function fit(
  vectors: VectorStream,
  flags: FitFlags,
  regularisers: RqVaeRegularisers,
  advance: Advance,
) {
  const [levels, size] = flags.levels;
  const { seed, method } = flags;
  if (method === "rq-vae") return fitRqVae(vectors, flags, regularisers, advance);
  const { createNodeKernels } = await import("@dtok/runtime");
  // Threads, wide registers and bytes; the same codes.
  const kernels = createNodeKernels();
  const options = {
    seed,
    signal: interruption.signal,
    onProgress: ({ stage, step, steps }: { stage: string; step: number; steps: number }) =>
      advance(step, steps, stage),
    ...(flags.maxSamples !== undefined && { maxSamples: flags.maxSamples }),
    kernels,
  };
  let quantizer: Quantizer;
  if (method === "residual") {
    quantizer = await fitResidual(`rkmeans:${levels}x${size}`, vectors, options);
  } else if (method === "hierarchical") {
    quantizer = await fitHierarchical(`hkmeans:${levels}x${size}`, vectors, options);
  } else {
    const spec = method === "pq" ? `pq:${levels}x${size}` : `opq+pq:${levels}x${size}`;
    quantizer = await fitQuantizer(spec, vectors, options);
  }
  return {
    quantizer,
    vectors,
    kernels,
    models: {},
    notes: {},
    close: () => kernels.close(),
  };
}

async function fitRqVae(
  vectors: VectorStream,
  flags: FitFlags,
  regularisers: RqVaeRegularisers,
  advance: Advance,
) {
  const [levels, size] = flags.levels;
  const [{ createRuntime }, { trainRqVae }] = await Promise.all([
    import("@dtok/runtime"),
    import("@dtok/train/presets"),
  ]);
  const matrix: Matrix = await gathered(vectors);
  const runtime = await createRuntime();
  try {
    const trained = await trainRqVae(
      runtime,
      matrix,
      { levels, size },
      {
        ...regularisers,
        seed: flags.seed,
        steps: flags.steps,
        batch: 512,
        signal: interruption.signal,
        onProgress: ({ step, steps, error }) =>
          advance(step, steps, `training, error ${error.toFixed(3)}`),
      },
    );
    const quantizer = new ResidualQuantizer(trained.codebooks);
    const encoder = await encoderOf(trained.encoder, quantizer.dim);
    return {
      quantizer,
      vectors: encoded(vectors, encoder, quantizer.dim),
      kernels: undefined,
      models: { [ENCODER]: trained.encoder, [DECODER]: trained.decoder },
      notes: { encoder: digestOf(trained.encoder), decoder: digestOf(trained.decoder) },
      close: () => encoder.close(),
    };
  } finally {
    await runtime.close();
  }
}

function refuseDuplicates(ids: readonly string[], path: string): void {
  const rows = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const first = rows.get(id);
    if (first !== undefined) {
      throw new ArgumentError(path, {
        expected: "each item id once",
        got: `${JSON.stringify(id)} at rows ${first} and ${row}`,
        remedy: "Drop the duplicates.",
      });
    }
    rows.set(id, row);
  }
}

function lines(
  s: CatalogueSummary & { readonly moved?: number; readonly seconds?: number },
): string {
  const used = s.levels
    .map(({ used: n, size, entropy }) => `${n}/${size} (${entropy.toFixed(2)} bits)`)
    .join("  ");
  return [
    `${s.items} items, ${s.quantizer}, unique by ${s.strategy}, version ${s.version}\n`,
    `  codes used        ${used}\n`,
    `  items that share  ${s.collisions.colliding} (${(s.collisions.rate * 100).toFixed(2)} %), largest group ${s.collisions.largest}\n`,
    s.moved ? `  moved             ${s.moved} items to other codes\n` : "",
    s.seconds === undefined ? "" : `  time              ${s.seconds.toFixed(1)} s\n`,
  ].join("");
}

function addAssign(recsys: Command): void {
  itemFlags(
    recsys
      .command("assign")
      .description("add, change and remove items; the IDs of all others stay")
      .argument("[items]", "new and changed items, in a format of fit")
      .requiredOption("-c, --catalogue <folder>", "of fit"),
  )
    .option("--remove <file>", "item ids to take out, one a line")
    .option("-o, --output <folder>", "where the new version goes (default: over the old one)")
    .option("--json", "what changed as JSON", false)
    .action(
      async (
        path: string | undefined,
        flags: ItemFlags & { catalogue: string; remove?: string; output?: string; json: boolean },
      ) => {
        if (path === undefined && flags.remove === undefined) {
          throw new ArgumentError("dtok recsys assign", {
            expected: "items, --remove, or both",
            got: "neither",
            remedy: "Name a file of items.",
          });
        }
        const catalogue = await readCatalogue(flags.catalogue);
        const before = Catalogue.load(catalogue.save());
        const change = { added: 0, changed: 0, removed: 0, displaced: 0 };
        const fresh: string[] = [];
        if (flags.remove !== undefined) {
          const gone = new TextDecoder()
            .decode(await readInput(flags.remove))
            .split(/\r?\n/)
            .filter((line) => line !== "");
          change.removed = catalogue.remove(gone).removed;
        }
        const models: Record<string, Uint8Array> = {};
        const output = flags.output ?? flags.catalogue;
        if (path !== undefined) {
          const encoder = await openEncoder(flags.catalogue, catalogue);
          try {
            await withItems(
              path,
              flags,
              async (file) => {
                refuseDuplicates(file.ids, path);
                let at = 0;
                for await (const chunk of file.vectors.chunks()) {
                  interruption.signal.throwIfAborted();
                  const ids = file.ids.slice(at, at + chunk.shape[0]);
                  at += ids.length;
                  const part = await catalogue.put(ids, await encoder.encode(chunk));
                  change.added += part.added;
                  change.changed += part.changed;
                  change.displaced += part.displaced;
                }
                fresh.push(...file.ids);
              },
              catalogue.notes,
            );
          } finally {
            await encoder.close();
          }
        }
        if (output !== flags.catalogue && catalogue.notes.encoder !== undefined) {
          for (const name of [ENCODER, DECODER]) {
            models[name] = await readInput(`${flags.catalogue}/${name}`);
          }
        }
        // One run of the command is one version.
        catalogue.version = before.version + 1;
        const comparison = compareCatalogues(before, catalogue);
        await writeFolder(output, catalogue, models);
        const report = {
          output,
          version: catalogue.version,
          items: catalogue.size,
          ...change,
          kept: comparison.kept,
        };
        if (flags.json) {
          printJson({
            ...report,
            ids: fresh.map((item) => ({ item, id: catalogue.idOf(item) })),
          });
          return;
        }
        for (const item of fresh) process.stdout.write(`${item}\t${catalogue.idOf(item)}\n`);
        process.stderr.write(
          `${output}: version ${report.version}, ${change.added} added, ${change.changed} changed, ${change.removed} removed, ${report.kept} as before\n`,
        );
      },
    );
}

function addReport(recsys: Command): void {
  recsys
    .command("report")
    .description("a page about a catalogue: use of codes, collisions, the tree of prefixes")
    .argument("<folder>", "of fit")
    .option("-o, --output <file.html>", "one page that loads nothing else")
    .option("--labels <file.tsv>", "what to show for items: id, tab, text")
    .option("--title <text>", "heading of the page", "Semantic IDs")
    .option("--json", "the numbers as JSON", false)
    .action(
      async (
        folder: string,
        flags: { output?: string; labels?: string; title: string; json: boolean },
      ) => {
        const catalogue = await readCatalogue(folder);
        if (flags.output !== undefined) {
          const labels = new Map<string, string>();
          if (flags.labels !== undefined) {
            for (const line of new TextDecoder()
              .decode(await readInput(flags.labels))
              .split(/\r?\n/)) {
              const [id, ...rest] = line.split("\t");
              if (rest.length > 0) labels.set(id as string, rest.join(" "));
            }
          }
          const page = renderReport(catalogue, {
            title: flags.title,
            label: (item) => labels.get(item) ?? item,
          });
          await writeOutput(flags.output, new TextEncoder().encode(page));
        }
        const summary = summarise(catalogue);
        if (flags.json) printJson(summary);
        else if (flags.output !== "-") process.stdout.write(lines(summary));
      },
    );
}

function addCompare(recsys: Command): void {
  recsys
    .command("compare")
    .description("which IDs differ between two versions: the table that migrates stored ones")
    .argument("<before>", "folder or catalogue file")
    .argument("<after>", "folder or catalogue file")
    .option("-o, --output <file.tsv>", "item, ID before, ID after; of items that differ")
    .option("--json", "the counts as JSON", false)
    .action(async (a: string, b: string, flags: { output?: string; json: boolean }) => {
      const [before, after] = [await readCatalogue(a), await readCatalogue(b)];
      const comparison = compareCatalogues(before, after);
      if (flags.output !== undefined) {
        const table = migrationTable(comparison, before, after);
        await writeOutput(flags.output, new TextEncoder().encode(table));
      }
      const counts = {
        kept: comparison.kept,
        changed: comparison.changed.length,
        added: comparison.added.length,
        removed: comparison.removed.length,
      };
      if (flags.json) printJson(counts);
      else if (flags.output !== "-") {
        process.stdout.write(
          `${counts.kept} kept, ${counts.changed} changed, ${counts.added} added, ${counts.removed} removed\n`,
        );
      }
    });
}

function addDrift(recsys: Command): void {
  itemFlags(
    recsys
      .command("drift")
      .description("how well a catalogue's codes fit today's items, and what a refit would change")
      .argument("<items>", "today's items, in a format of fit")
      .requiredOption("-c, --catalogue <folder>", "of fit"),
  )
    .option("--no-refit", "leave out what a refit would change")
    .option("--json", "the report as JSON", false)
    .action(
      async (
        path: string,
        flags: ItemFlags & { catalogue: string; refit: boolean; json: boolean },
      ) => {
        const catalogue = await readCatalogue(flags.catalogue);
        const encoder = await openEncoder(flags.catalogue, catalogue);
        try {
          await withItems(
            path,
            flags,
            async (file) => {
              const latents = await gathered(
                encoded(file.vectors, encoder, catalogue.quantizer.dim),
              );
              const report = await catalogueDrift(catalogue, file.ids, latents, {
                refit: flags.refit,
                signal: interruption.signal,
              });
              if (flags.json) {
                printJson(report);
                return;
              }
              const refit =
                report.refitChanges === undefined
                  ? ""
                  : `  a refit changes    ${(report.refitChanges * 100).toFixed(1)} % of the IDs, error ${report.refitError?.toPrecision(4)}\n`;
              process.stdout.write(
                `${report.items} items\n` +
                  `  error              ${report.errorNow.toPrecision(4)}, ${report.ratio.toFixed(3)} times that of the fit\n` +
                  `  change of use      ${report.usage.map((bits) => bits.toFixed(3)).join("  ")} bits per level\n` +
                  `  no longer nearest  ${report.moved} items\n${refit}`,
              );
            },
            catalogue.notes,
          );
        } finally {
          await encoder.close();
        }
      },
    );
}
