import { readFileSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import type { Manifest } from "@dtok/core";
import { parseHTML } from "linkedom";
import type { BenchFile } from "../../bench/src/harness/format.js";
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

export async function leaderboard(root: string, shipped: readonly Shipped[], site: string) {
  const results = join(root, "apps", "bench", "results");
  const files: BenchFile[] = [];
  for (const name of readdirSync(results).sort()) {
    if (!name.endsWith(".json")) continue;
    const value = JSON.parse(readFileSync(join(results, name), "utf8")) as Partial<BenchFile>;
    if (value.format === "dtok-bench-1") files.push(value as BenchFile);
  }
  const pictures = join(site, "public", "pictures");
  await mkdir(pictures, { recursive: true });
  const tasks = [];
  for (const file of files) {
    const plots: { file: string; alt: string }[] = [];
    for (const key of file.plot?.y ?? []) {
      const name = `${file.task.replaceAll("/", "-")}-${key}.svg`;
      await writeFile(join(pictures, name), rateDistortion(file, key));
      const metric = file.metrics.find((m) => m.key === key)!;
      plots.push({ file: name, alt: `${metric.name} against the rate, ${file.title}` });
    }
    const columns = [
      { key: "id", name: "entry" },
      { key: "kind", name: "kind", filter: true },
      ...file.metrics.map((m) => ({ key: m.key, name: m.name, number: true })),
    ];
    const known = new Map(shipped.map(({ manifest }) => [manifest.id, pageOf(manifest.id)]));
    const rows = file.entries
      .filter(({ status }) => status === "ok")
      .map((entry) => {
        const page = known.get(entry.id);
        return {
          id: page === undefined ? entry.id : { text: entry.id, href: page },
          kind: entry.kind,
          ...Object.fromEntries(
            file.metrics.map(({ key, digits }) => {
              const value = entry.values?.[key]?.mean;
              return [key, value === undefined ? null : Number(value.toFixed(digits))];
            }),
          ),
        };
      });
    const failed = file.entries.filter(({ status }) => status === "failed");
    tasks.push({ ...file, entries: undefined, plots, columns, rows, failed });
  }
  const tokenizers = [];
  for (const { manifest, packageName, folder, card } of shipped) {
    const short = manifest.id.replace("/", "-");
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
      stride: manifest.stride.join(" x "),
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
      tasks: files
        .filter(({ entries }) => entries.some(({ id }) => id === manifest.id))
        .map(({ task, title, command }) => ({ task, title, command })),
    });
  }
  return { tasks, tokenizers };
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

function rateDistortion(file: BenchFile, key: string): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const metric = file.metrics.find((m) => m.key === key)!;
  const rate = file.metrics.find((m) => m.key === file.plot!.x)!;
  const points = file.entries
    .filter((e) => e.status === "ok" && e.values?.[key] && e.values[file.plot!.x])
    .map((e) => ({
      id: e.id,
      kind: e.kind,
      series: e.kind === "reference" ? e.id.split(" ")[0]! : e.id,
      x: e.values![file.plot!.x]!.mean,
      y: e.values![key]!.mean,
    }));
  const figure = Plot.plot({
    document: document as unknown as Document,
    width: 640,
    height: 400,
    marginLeft: 52,
    marginRight: 90,
    marginBottom: 40,
    style: {
      fontSize: "12px",
      fontFamily: "system-ui, sans-serif",
      background: "white",
      color: "#222",
    },
    x: { type: "log", label: `${rate.name} →`, tickFormat: "~g", grid: true },
    y: { label: `↑ ${metric.name}`, grid: true },
    marks: [
      Plot.line(paretoFront(points, metric.better), {
        x: "x",
        y: "y",
        stroke: "#999",
        strokeDasharray: "2 3",
      }),
      Plot.line(
        points.filter((p) => p.kind === "reference"),
        { x: "x", y: "y", z: "series", stroke: "#555", sort: "x" },
      ),
      Plot.dot(points, {
        x: "x",
        y: "y",
        r: 4.5,
        fill: (p: { kind: string }) => (p.kind === "reference" ? "#fff" : "#2646b8"),
        stroke: (p: { kind: string }) => (p.kind === "reference" ? "#555" : "#2646b8"),
      }),
      Plot.text(labelled(points), {
        x: "x",
        y: "y",
        text: "series",
        dx: 8,
        textAnchor: "start",
        fill: "#222",
        stroke: "white",
      }),
    ],
  });
  return `<?xml version="1.0"?>\n${figure.outerHTML.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"')}`;
}

/** One name for each line: at its highest rate. */
function labelled<P extends { series: string; x: number }>(points: readonly P[]): P[] {
  const last = new Map<string, P>();
  for (const point of points) {
    const known = last.get(point.series);
    if (known === undefined || known.x < point.x) last.set(point.series, point);
  }
  return [...last.values()];
}
