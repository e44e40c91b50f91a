/** A node's neighbourhood as its archive has it, beside what the codes of its nodes say of it. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianFeatures, linksOf, parseDebianPackages } from "@dtok/graph";
import type { EdgeScores, GraphSignal, KnowledgeGraph } from "@dtok/graph";
import type { Codec, TokenGrid } from "@dtok/core";
import { isHeldOut } from "../../bench/src/tasks/graph-neighbourhoods.js";
import type { Example } from "./examples.js";

/** Packages around the circle. */
const MOST = 26;
const SIZE = 640;

interface Ring {
  readonly names: readonly string[];
  /** Index in the graph of each. */
  readonly nodes: readonly number[];
  readonly codes: readonly number[];
}

/** Pairs of indices, the smaller first: which of two depends on the other is not drawn. */
type Pair = readonly [number, number];

/** Neighbours of every node, either way. */
function neighboursOf(graph: KnowledgeGraph): Set<number>[] {
  const { heads, tails } = linksOf(graph);
  const near = graph.nodes.map(() => new Set<number>());
  for (const [e, head] of heads.entries()) {
    if (head === tails[e]!) continue;
    near[head]!.add(tails[e]!);
    near[tails[e]!]!.add(head);
  }
  return near;
}

/** The first held-out nodes by name that link with a few others, and these, as many as fit. */
export function choose(
  graph: KnowledgeGraph,
  near: readonly Set<number>[],
): { readonly held: ReadonlySet<number>; readonly nodes: readonly number[] } {
  const held = new Set<number>();
  const nodes = new Set<number>();
  for (const [node, own] of near.entries()) {
    if (!isHeldOut(graph.nodes[node]!) || own.size < 4 || own.size > 12) continue;
    const more = [node, ...own].filter((n) => !nodes.has(n));
    if (nodes.size + more.length > MOST) continue;
    held.add(node);
    for (const n of more) nodes.add(n);
  }
  return { held, nodes: [...nodes] };
}

/** Edges that the codes hold for the likeliest among some nodes, as many as asked for. */
export function likeliest(scores: EdgeScores, nodes: readonly number[], count: number): Pair[] {
  const pairs: { pair: Pair; logit: number }[] = [];
  for (let a = 0; a < nodes.length; a++) {
    for (let b = a + 1; b < nodes.length; b++) {
      const logit = Math.max(
        scores.logit(nodes[a]!, nodes[b]!),
        scores.logit(nodes[b]!, nodes[a]!),
      );
      pairs.push({ pair: [a, b], logit });
    }
  }
  return pairs
    .toSorted((x, y) => y.logit - x.logit)
    .slice(0, count)
    .map(({ pair }) => pair);
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Nodes on a circle, those of one code beside each other and of one colour. */
function drawRing(
  { names, codes }: Ring,
  edges: readonly { readonly pair: Pair; readonly known: boolean }[],
  held: ReadonlySet<string>,
): string {
  const middle = SIZE / 2;
  const radius = 165;
  const place = (i: number, r: number) => {
    const angle = (2 * Math.PI * (i + 0.5)) / names.length;
    return [middle + r * Math.cos(angle), middle + r * Math.sin(angle)] as const;
  };
  const point = (i: number, r = radius) => place(i, r).map((v) => v.toFixed(1));
  const shared = new Map<number, number>();
  for (const code of codes) shared.set(code, (shared.get(code) ?? 0) + 1);
  const hues = [...shared].filter(([, n]) => n > 1).map(([code]) => code);
  const colour = (code: number) => {
    const at = hues.indexOf(code);
    return at < 0 ? "#fff" : `hsl(${Math.round((at * 137.5 + 220) % 360)} 55% 50%)`;
  };
  const lines = edges.map(({ pair: [a, b], known }) => {
    const [[x1, y1], [x2, y2]] = [point(a), point(b)];
    const look = known ? 'stroke="#2646b8"' : 'stroke="#c05a00" stroke-dasharray="4 3"';
    return `<path d="M${x1} ${y1}Q${middle} ${middle} ${x2} ${y2}" fill="none" ${look} stroke-opacity="0.55"/>`;
  });
  const marks = names.map((name, i) => {
    const [x, y] = point(i);
    const angle = (360 * (i + 0.5)) / names.length;
    const left = angle > 90 && angle < 270;
    const turn = `rotate(${(left ? angle + 180 : angle).toFixed(1)} ${point(i, radius + 12).join(" ")})`;
    const [tx, ty] = point(i, radius + 12);
    const weight = held.has(name) ? ' font-weight="bold"' : "";
    return (
      `<circle cx="${x}" cy="${y}" r="6" fill="${colour(codes[i]!)}" stroke="#333"/>` +
      `<text x="${tx}" y="${ty}" dy="0.32em" text-anchor="${left ? "end" : "start"}" transform="${turn}"${weight}>${escaped(name)} <tspan fill="#555">${codes[i]}</tspan></text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" ` +
    `font-family="system-ui, sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="white"/>` +
    `${lines.join("")}${marks.join("")}</svg>`
  );
}

/** What is shown of a tokenizer of neighbourhoods: a drawing either way, and which packages share a code. */
export async function neighbourhoods(
  codec: Codec<unknown>,
  grids: TokenGrid[],
  samples: string,
  folder: string,
  short: string,
): Promise<Example[]> {
  const archive = parseDebianPackages(readFileSync(join(samples, "packages.txt"), "utf8"));
  const { graph } = archive;
  const signal: GraphSignal = { graph, features: debianFeatures(archive) };
  const grid = await codec.encode(signal);
  grids.push(grid);
  const codes = grid.codes.data;
  const examples: Example[] = [];
  const { edgeScores } = codec as { edgeScores?: (grid: TokenGrid) => Promise<EdgeScores> };
  if (edgeScores) {
    const near = neighboursOf(graph);
    const chosen = choose(graph, near);
    const nodes = chosen.nodes.toSorted((a, b) => codes[a]! - codes[b]! || a - b);
    const held = new Set(Array.from(chosen.held, (n) => graph.nodes[n]!));
    const ring: Ring = {
      nodes,
      names: nodes.map((n) => graph.nodes[n]!),
      codes: nodes.map((n) => codes[n]!),
    };
    const isKnown = ([a, b]: Pair) => near[nodes[a]!]!.has(nodes[b]!);
    const known: Pair[] = [];
    for (let a = 0; a < nodes.length; a++) {
      for (let b = a + 1; b < nodes.length; b++) if (isKnown([a, b])) known.push([a, b]);
    }
    const decoded = likeliest(await edgeScores.call(codec, grid), nodes, known.length);
    const right = decoded.filter(isKnown).length;
    const drawn = [
      ["graph", known, `${nodes.length} packages with the archive's edges`],
      [
        "codes",
        decoded,
        "The same packages with the edges that their codes hold for the likeliest",
      ],
    ] as const;
    const pictures = [];
    for (const [what, pairs, alt] of drawn) {
      const file = `${short}-${what}.svg`;
      const edges = pairs.map((pair) => ({ pair, known: isKnown(pair) }));
      await writeFile(join(folder, file), drawRing(ring, edges, held));
      pictures.push({ file, alt, width: SIZE, height: SIZE });
    }
    const chance = known.length ** 2 / ((nodes.length * (nodes.length - 1)) / 2);
    examples.push({
      title:
        `${nodes.length} packages, each with its code (one colour for those that share one); the bold ones were held out from ` +
        `training, as the first of the file by name. Left: the archive's ${known.length} edges. Right: as many, the likeliest by the codes alone: ` +
        `${right} are the archive's (blue); by chance it would be ${Math.round(chance)}.`,
      pictures,
    });
  }
  const sharing = new Map<number, string[]>();
  for (const [n, name] of graph.nodes.entries()) {
    sharing.set(codes[n]!, [...(sharing.get(codes[n]!) ?? []), name]);
  }
  const rows = [...sharing]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, 12)
    .map(([code, names]) => [
      String(code),
      String(names.length),
      `${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`,
    ]);
  examples.push({
    title: `The codes that most of the ${graph.nodes.length} packages of samples/packages.txt share, by what they depend on and are called`,
    table: { head: ["code", "packages", "such as"], rows },
  });
  return examples;
}
