import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import type { Manifest } from "@dtok/core";
import type { BenchEntry, BenchFile, BenchMetric } from "../../bench/src/harness/format.js";
import type { Examples } from "./examples.js";
import { plotDocument, toSvg } from "./figure.js";
import type { Shipped } from "./manifests.js";

export interface Point {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

/** Those that no other point beats at no higher rate: from the least rate on, each better than all before. */
export function paretoFront<P extends Point>(points: readonly P[], better: "more" | "less"): P[] {
  const sign = better === "more" ? 1 : -1;
  const front: P[] = [];
  for (const point of points.toSorted((a, b) => a.x - b.x || sign * (b.y - a.y))) {
    const last = front.at(-1);
    if (last === undefined || sign * point.y > sign * last.y) front.push(point);
  }
  return front;
}

/** Sizes of the codebooks in few words: "12 x 1024" for twelve of one size. */
export function codesText(sizes: readonly number[]): string {
  const isOne = sizes.length > 1 && sizes.every((size) => size === sizes[0]);
  return isOne ? `${sizes.length} x ${sizes[0]}` : sizes.join(" x ");
}

/** Bits of the codes per signal unit of the manifest: pixel, sample, … */
export function bitsPerUnit({ codebookSizes, stride }: Manifest): number {
  const bits = codebookSizes.reduce((sum, size) => sum + Math.log2(size), 0);
  return bits / stride.reduce((a, b) => a * b, 1);
}

/** Order of the sections, and what each is called. */
const MODALITIES: Readonly<Record<string, string>> = {
  image: "Photographs",
  audio: "Sound",
  video: "Clips",
  motion: "Motion",
  graph: "Knowledge graphs",
  recsys: "Catalogues",
  llm: "Sequences of a language model",
  vectors: "Quantizers on vectors",
};
/** What a tokenizer's stride counts: of each axis, and of bits. Pixels and frames where nothing is said. */
const UNITS: Readonly<Record<string, { readonly axes: readonly string[]; readonly one: string }>> =
  {
    image: { axes: ["", "pixels"], one: "pixel" },
    audio: { axes: ["samples"], one: "sample" },
    video: { axes: ["frames of", "", "pixels"], one: "pixel of a frame" },
    motion: { axes: ["frames"], one: "frame" },
    graph: { axes: ["node"], one: "node" },
    recsys: { axes: ["item"], one: "item" },
  };

/** A step of a tokenizer in words: "8 x 8 pixels". */
export function stepText({ modality, stride }: Pick<Manifest, "modality" | "stride">): string {
  const axes = UNITS[modality]?.axes ?? [];
  const parts = stride.map((n, i) => `${n} ${axes[i] ?? ""}`.trim());
  return parts.join(" x ").replace(" of x ", " of ");
}

const modalityOf = (id: string) => id.slice(0, id.indexOf("/"));

/** All results of a folder, in the sections' order. */
export function readResults(folder: string): BenchFile[] {
  const files: BenchFile[] = [];
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    if (!name.endsWith(".json")) continue;
    const value = JSON.parse(readFileSync(join(folder, name), "utf8")) as Partial<BenchFile>;
    if (value.format === "dtok-bench-1") files.push(value as BenchFile);
  }
  const order = Object.keys(MODALITIES);
  const place = ({ task }: BenchFile) =>
    2 * (order.indexOf(modalityOf(task)) + 1 || 99) + (task.endsWith("/runtime") ? 1 : 0);
  return files.toSorted((a, b) => place(a) - place(b));
}

/** The tokenizer that an entry measures, with or without an operating point behind its id. */
export const tokenizerOf = (entry: { readonly id: string }) => entry.id.split(" ")[0]!;

/** A task as its section of the page shows it. */
interface TaskPage extends Omit<BenchFile, "entries"> {
  readonly modality: string;
  readonly plots: readonly { readonly file: string; readonly alt: string }[];
  readonly columns: readonly object[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly failed: readonly BenchEntry[];
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

/** The one command that makes an entry's numbers again. */
export function commandOf({ task, command }: BenchFile, { id, kind }: BenchEntry): string {
  if (kind !== "tokenizer" || !id.includes("/")) return command;
  return `pnpm bench run ${task} --entry ${tokenizerOf({ id })}`;
}

export async function leaderboard(
  root: string,
  shipped: readonly Shipped[],
  site: string,
  examplesOf: (one: Shipped) => Promise<Examples>,
) {
  const files = readResults(join(root, "apps", "bench", "results"));
  const pictures = join(site, "public", "pictures");
  await mkdir(pictures, { recursive: true });
  const known = new Map(shipped.map(({ manifest }) => [manifest.id, pageOf(manifest.id)]));
  const tasks: TaskPage[] = [];
  for (const file of files) {
    const plots: { file: string; alt: string }[] = [];
    for (const key of file.plot?.y ?? []) {
      const metric = file.metrics.find((m) => m.key === key);
      if (metric === undefined) continue;
      const name = `${file.task.replaceAll("/", "-")}-${key}.svg`;
      await writeFile(join(pictures, name), rateDistortion(file, metric));
      plots.push({ file: name, alt: `${metric.name} against the rate, ${file.title}` });
    }
    const columns = [
      { key: "id", name: "entry" },
      { key: "kind", name: "kind", filter: true },
      ...file.metrics.map((m) => ({
        key: m.key,
        name: m.name,
        number: true,
        spread: `${m.key}:spread`,
        better: m.better,
      })),
    ];
    const rows = file.entries
      .filter(({ status }) => status === "ok")
      .map((entry) => {
        const page = known.get(tokenizerOf(entry));
        return {
          id: page === undefined ? entry.id : { text: entry.id, href: page },
          kind: entry.kind,
          ...Object.fromEntries(
            file.metrics.flatMap(({ key, digits }) => {
              const value = entry.values?.[key];
              return [
                [key, value === undefined ? null : rounded(value.mean, digits)],
                [`${key}:spread`, value?.spread ? rounded(value.spread, digits) : null],
              ];
            }),
          ),
        };
      });
    const failed = file.entries.filter(({ status }) => status === "failed");
    const { entries: _entries, ...rest } = file;
    tasks.push({ ...rest, modality: modalityOf(file.task), plots, columns, rows, failed });
  }
  const sections = Object.entries(MODALITIES)
    .map(([modality, name]) => ({
      modality,
      name,
      tasks: tasks.filter((task) => task.modality === modality),
    }))
    .filter((section) => section.tasks.length > 0);

  const tokenizers = [];
  for (const one of shipped) {
    const { manifest, packageName, folder, card } = one;
    const short = manifest.id.replace("/", "-");
    const own = files.flatMap((file) =>
      file.entries
        .filter((entry) => tokenizerOf(entry) === manifest.id)
        .map((entry) => ({ file, entry })),
    );
    tokenizers.push({
      id: manifest.id,
      short,
      page: pageOf(manifest.id),
      modality: manifest.modality,
      packageName,
      folder,
      description: manifest.description,
      quantizer: manifest.quantizer,
      codes: codesText(manifest.codebookSizes),
      step: stepText(manifest),
      unit: UNITS[manifest.modality]?.one ?? "unit",
      bits: Number(bitsPerUnit(manifest).toPrecision(4)),
      megabytes: Number(
        (Object.values(manifest.files).reduce((sum, f) => sum + f.bytes, 0) / 1e6).toFixed(2),
      ),
      licences: manifest.licences,
      citation: manifest.citation ?? "",
      measured: (manifest.card ?? []).map(({ metric, value, unit, data }) => ({
        metric,
        value,
        unit: unit ?? "",
        data,
      })),
      card: cardBody(card),
      tasks: own.map(({ file, entry }) => ({
        task: file.task,
        title: file.title,
        point: entry.id.slice(manifest.id.length).trim(),
        command: commandOf(file, entry),
        date: file.date.slice(0, 10),
        commit: file.commit,
        machine: file.machine,
        error: entry.error ?? "",
        values: file.metrics.flatMap(({ key, name, digits }) => {
          const value = entry.values?.[key];
          if (value === undefined) return [];
          const spread = value.spread ? ` ± ${value.spread.toFixed(digits)}` : "";
          return [{ name, text: `${value.mean.toFixed(digits)}${spread}` }];
        }),
      })),
      ...(await examplesOf(one)),
    });
  }
  return { sections, tokenizers };
}

function pageOf(id: string): string {
  return `/leaderboard/${id.replace("/", "-")}.html`;
}

/** A card without its title; links to files beside it have no target here. */
function cardBody(text: string): string {
  return text
    .replace(/^# .*\n+/, "")
    .replaceAll(/!\[([^\]]*)\]\((?!https?:)[^)]*\)/g, "$1")
    .replaceAll(/\[([^\]]*)\]\((?!https?:)[^)]*\)/g, "$1");
}

interface Drawn extends Point {
  readonly kind: string;
  readonly series: string;
}

/** Points of one line: a codec at several qualities, a family at several sizes, a tokenizer's levels. */
const seriesOf = ({ id, kind }: BenchEntry) =>
  kind === "reference"
    ? id.replace(/( crf)? \d+$/, "").replace(/:.*$/, "")
    : id.split(id.includes("/") ? " " : /[: ]/)[0]!;

function rateDistortion(file: BenchFile, metric: BenchMetric): string {
  const rate = file.metrics.find((m) => m.key === file.plot!.x)!;
  const points: Drawn[] = file.entries
    .filter((e) => e.status === "ok" && e.values?.[metric.key] && e.values[rate.key])
    .map((e) => ({
      id: e.id,
      kind: e.kind,
      series: seriesOf(e),
      x: e.values![rate.key]!.mean,
      y: e.values![metric.key]!.mean,
    }))
    .filter(({ x }) => x > 0);
  const front = paretoFront(points, metric.better);
  const { document, style } = plotDocument();
  const isReference = (p: Drawn) => p.kind === "reference";
  const lines = (list: readonly Drawn[], stroke: string) =>
    Plot.line(list, { x: "x", y: "y", z: "series", stroke, sort: "x", strokeOpacity: 0.7 });
  const figure = Plot.plot({
    document,
    style,
    width: 640,
    height: 420,
    marginLeft: 56,
    marginRight: 120,
    marginBottom: 40,
    marginTop: 32,
    x: {
      type: "log",
      label: `${rate.name} →`,
      labelAnchor: "center",
      tickFormat: "~g",
      grid: true,
    },
    y: {
      label: `↑ ${metric.name}${metric.better === "less" ? " (less is better)" : ""}`,
      grid: true,
    },
    marks: [
      Plot.line(front, { x: "x", y: "y", stroke: "#d08a00", strokeWidth: 5, strokeOpacity: 0.35 }),
      lines(points.filter(isReference), "#555"),
      lines(
        points.filter((p) => !isReference(p)),
        "#2646b8",
      ),
      Plot.dot(points, {
        x: "x",
        y: "y",
        r: 4.5,
        fill: (p: Drawn) => (isReference(p) ? "#fff" : "#2646b8"),
        stroke: (p: Drawn) => (isReference(p) ? "#555" : "#2646b8"),
        title: "id",
      }),
      ...(["start", "end"] as const).map((textAnchor) =>
        Plot.text(
          labelled(points, metric).filter(({ side }) => side === textAnchor),
          {
            x: "x",
            y: "y",
            text: "series",
            dx: textAnchor === "start" ? 8 : -8,
            textAnchor,
            fill: (p: Drawn) => (isReference(p) ? "#444" : "#1d3590"),
            stroke: "white",
          },
        ),
      ),
    ],
  });
  return toSvg(figure);
}

/**
 * One name for each line, behind its highest rate or before its lowest, whichever is free; none where both
 * are taken.
 */
export function labelled<P extends Point & { series: string }>(
  points: readonly P[],
  { better }: Pick<BenchMetric, "better">,
): (P & { readonly side: "start" | "end" })[] {
  const lines = groups(points);
  const sign = better === "more" ? -1 : 1;
  const [xs, ys] = [points.map(({ x }) => Math.log(x)), points.map(({ y }) => y)];
  const width = Math.max(...xs) - Math.min(...xs) || 1;
  const height = Math.max(...ys) - Math.min(...ys) || 1;
  const kept: (P & { readonly side: "start" | "end" })[] = [];
  const ends = Array.from(lines.values(), (line) => line.toSorted((a, b) => a.x - b.x));
  for (const line of ends.toSorted((a, b) => sign * (a.at(-1)!.y - b.at(-1)!.y))) {
    for (const side of ["start", "end"] as const) {
      const point = side === "start" ? line.at(-1)! : line[0]!;
      // A name before the first point of the plot would be cut off.
      if (side === "end" && Math.log(point.x) - Math.min(...xs) < 0.2 * width) continue;
      const close = kept.some(
        (other) =>
          other.side === side &&
          Math.abs(Math.log(other.x) - Math.log(point.x)) < 0.16 * width &&
          Math.abs(other.y - point.y) < 0.035 * height,
      );
      if (close) continue;
      kept.push({ ...point, side });
      break;
    }
  }
  return kept;
}

function groups<P extends { series: string }>(points: readonly P[]): Map<string, P[]> {
  const lines = new Map<string, P[]>();
  for (const point of points) {
    const line = lines.get(point.series);
    if (line) line.push(point);
    else lines.set(point.series, [point]);
  }
  return lines;
}
