/** Pictures of the concepts page that are not of single quantizers: collapse, levels, a node's tokens. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import { readAudio } from "@dtok/audio/node";
import type { ModelRuntime } from "@dtok/core";
import { NodePiece, explainSvg, readTriples } from "@dtok/graph";
import { openCodec } from "../../bench/src/harness/plugins.js";
import { SPECTROGRAM_BANDS, spectrogram } from "./examples.js";
import { plotDocument, toSvg } from "./figure.js";
import type { Shipped } from "./manifests.js";

interface Collapse {
  readonly command: string;
  readonly rows: readonly {
    readonly group: string;
    readonly name: string;
    readonly runs: readonly { readonly error: number; readonly perplexity: number }[];
  }[];
}

export interface Concepts {
  readonly collapse: { readonly file: string; readonly command: string };
  readonly levels: readonly { readonly file: string; readonly width: number; readonly height: number; readonly says: string }[]; // prettier-ignore
  readonly nodes: readonly { readonly file: string; readonly node: string }[];
}

export async function drawConcepts(
  root: string,
  shipped: readonly Shipped[],
  runtime: ModelRuntime,
  folder: string,
): Promise<Concepts> {
  await mkdir(folder, { recursive: true });
  return {
    collapse: await drawCollapse(root, folder),
    levels: await drawLevels(root, shipped, runtime, folder),
    nodes: await drawNodes(root, folder),
  };
}

/** Use of the codes against error, of five seeds each, as apps/bench measured them. */
async function drawCollapse(root: string, folder: string): Promise<Concepts["collapse"]> {
  const { command, rows } = JSON.parse(
    readFileSync(join(root, "apps", "bench", "results", "collapse.json"), "utf8"),
  ) as Collapse;
  const kinds = {
    "VQ online": "trained online",
    "VQ online with remedy": "with a remedy",
  } as const;
  const points = rows.flatMap(({ group, name, runs }) => {
    const kind = kinds[group as keyof typeof kinds] ?? "fitted, or a rule";
    const mean = (key: "error" | "perplexity") =>
      runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
    return [{ name, kind, error: 100 * mean("error"), used: 100 * mean("perplexity") }];
  });
  const shown = new Set([
    "EMA from N(0, 1)",
    "EMA from vectors",
    "Adam from N(0, 1)",
    "EMA from N(0, 1), reset beside busy codes (HQA)",
    "EMA from N(0, 1), random anchors (CVQ-VAE)",
    "vq:1024, kmeans++ start",
    "rvq:2x32",
    "pq:2x32",
    "lsq:2x32",
    "fsq:8,5,5,5",
    "lfq:10",
  ]);
  const { document, style } = plotDocument();
  const figure = Plot.plot({
    document,
    style,
    width: 720,
    height: 440,
    marginLeft: 56,
    marginRight: 60,
    marginBottom: 40,
    x: { label: "codes in use (perplexity), % of the codebook →", grid: true, domain: [0, 100] },
    y: { label: "↑ error, % of variance (less is better)", grid: true, domain: [0, 70] },
    color: {
      domain: ["trained online", "with a remedy", "fitted, or a rule"],
      range: ["#b00020", "#b3541e", "#2646b8"],
    },
    marks: [
      Plot.dot(points, {
        x: "used",
        y: "error",
        fill: "kind",
        r: 5,
        stroke: "white",
        title: "name",
      }),
      Plot.text(
        points.filter(({ name }) => shown.has(name)),
        {
          x: "used",
          y: "error",
          text: ({ name }: { name: string }) => name.replace("EMA from N(0, 1), ", ""),
          fill: "kind",
          stroke: "white",
          dx: 8,
          dy: -8,
          textAnchor: "start",
        },
      ),
      ...(["trained online", "with a remedy", "fitted, or a rule"] as const).map((kind, i) =>
        Plot.text([kind], {
          frameAnchor: "top-right",
          dy: 16 * i + 4,
          fill: ["#b00020", "#b3541e", "#2646b8"][i]!,
          fontWeight: "bold",
          text: (text: string) => text,
        }),
      ),
    ],
  });
  await writeFile(join(folder, "collapse.svg"), toSvg(figure));
  return { file: "collapse.svg", command };
}

/** One sentence by more and more levels of a residual codec. */
async function drawLevels(
  root: string,
  shipped: readonly Shipped[],
  runtime: ModelRuntime,
  folder: string,
): Promise<Concepts["levels"]> {
  const one = shipped.find(({ manifest }) => manifest.id === "audio/sound-16k");
  if (one === undefined) return [];
  const codec = await openCodec(one.plugin, join(root, one.folder, "models"), runtime);
  const original = await readAudio(join(root, "samples", "conf-kicked.wav"));
  const grid = await codec.encode(original);
  const pictures = [];
  for (const levels of [1, 3, 12]) {
    const options = { levels } as Parameters<typeof codec.decode>[1];
    const back = (await codec.decode(grid, options)) as typeof original;
    const file = `levels-${levels}.webp`;
    const width = await spectrogram(back, join(folder, file));
    const says = `${levels} ${levels === 1 ? "level" : "levels"}, ${levels * 500} bit/s`;
    pictures.push({ file, width, height: SPECTROGRAM_BANDS, says });
  }
  const width = await spectrogram(original, join(folder, "levels-all.webp"));
  await codec.close();
  return [
    ...pictures,
    { file: "levels-all.webp", width, height: SPECTROGRAM_BANDS, says: "the original" },
  ];
}

/** Nodes of WordNet's mammals as their anchors, distances and relations. */
async function drawNodes(root: string, folder: string): Promise<Concepts["nodes"]> {
  const text = readFileSync(join(root, "samples", "mammals.tsv"), "utf8");
  const { graph } = await readTriples([text]);
  const pieces = new NodePiece(graph, { anchors: 24, perNode: 5, relations: 3 });
  const nodes = [];
  for (const node of ["domestic_cat", "zebra"]) {
    const file = `node-${node}.svg`;
    await writeFile(
      join(folder, file),
      explainSvg(pieces, node).replaceAll("currentColor", "#222"),
    );
    nodes.push({ file, node: node.replaceAll("_", " ") });
  }
  return nodes;
}
