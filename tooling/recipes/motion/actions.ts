/**
 * Action tokenizers side by side: reconstruction error against tokens per second on joint trajectories
 * that were not fitted on. Writes actions.json, actions.svg and the table of ACTIONS.md:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/actions.ts [kind]
 *
 * With a kind only that one is measured anew, the others' lines stay.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bitsOf } from "@dtok/core";
import type { Matrix } from "@dtok/core";
import { BODY_JOINTS, fitActions, readCsvTrajectory, resample } from "@dtok/motion";
import type { ActionKind, ActionOptions, MotionSignal } from "@dtok/motion";
import { writeFileAtomic } from "@dtok/train/node";
import { dataFolder, loadClips } from "./data.js";

const here = dirname(fileURLToPath(import.meta.url));
const RATE = 20;
/** Every how many-th training clip is fitted on: k-means of all would take an hour. */
const EVERY = 3;

interface DataSet {
  readonly name: string;
  readonly what: string;
  readonly rate: number;
  readonly train: readonly Matrix[];
  readonly test: readonly Matrix[];
}

/** Local rotations of the joints as rotation vectors, radians: [T, 3 J]. */
function rotationVectors({ rotations: rotation }: MotionSignal): Matrix {
  const rows = rotation.length / (4 * BODY_JOINTS);
  const data = new Float32Array(rows * BODY_JOINTS * 3);
  for (let i = 0; i < rows * BODY_JOINTS; i++) {
    const [x, y, z, w] = rotation.subarray(i * 4, i * 4 + 4) as unknown as number[];
    const sign = w! < 0 ? -1 : 1;
    const sine = Math.hypot(x!, y!, z!);
    const factor = sine < 1e-9 ? 2 : (2 * Math.atan2(sine, sign * w!)) / sine;
    data.set([sign * x! * factor, sign * y! * factor, sign * z! * factor], i * 3);
  }
  return { data, shape: [rows, BODY_JOINTS * 3] };
}

/** Without the columns that stand still in all of `by` (joints at the ends of limbs do not turn). */
function moving(by: readonly Matrix[], matrices: readonly Matrix[]): Matrix[] {
  const dim = by[0]!.shape[1];
  const kept = Array.from({ length: dim }, (_, d) => d).filter((d) =>
    by.some(({ data }) => {
      for (let i = d; i < data.length; i += dim)
        if (Math.abs(data[i]! - data[d]!) > 1e-4) return true;
      return false;
    }),
  );
  return matrices.map(({ data, shape: [rows] }) => ({
    data: Float32Array.from({ length: rows * kept.length }, (_, i) => {
      const t = Math.floor(i / kept.length);
      return data[t * dim + kept[i % kept.length]!]!;
    }),
    shape: [rows, kept.length],
  }));
}

function human(): DataSet {
  const clips = loadClips().filter(({ embodiment }) => embodiment === "human");
  const of = (split: string) =>
    clips
      .filter((clip) => clip.split === split)
      .map(({ motion }) => rotationVectors(resample(motion, RATE)));
  const train = of("train").filter((_, i) => i % EVERY === 0);
  return {
    name: "people",
    what: `joint angles of people, ${RATE} per second; held out by clip`,
    rate: RATE,
    train: moving(train, train),
    test: moving(train, of("test-clip")),
  };
}

/** A Laikago robot's twelve joints as recorded; the first 3.5 s of 5 s are fitted on. */
function robot(): DataSet {
  const text = readFileSync(join(dataFolder, "files", "pybullet", "data1.txt"), "utf8");
  const columns = Array.from({ length: 12 }, (_, d) => ({ column: String(d + 2) }));
  // 2 ms a row by its second column; every tenth is kept.
  const all = readCsvTrajectory(text, { rate: 500, columns }, "data1.txt").values;
  const kept = Math.floor(all.shape[0] / 10);
  const data = new Float32Array(kept * 12);
  for (let t = 0; t < kept; t++) data.set(all.data.subarray(t * 120, t * 120 + 12), t * 12);
  const cut = Math.floor(kept * 0.7);
  return {
    name: "robot",
    what: "joint angles that a Laikago robot recorded, 50 per second; the last 1.5 s of 5 s held out",
    rate: 50,
    train: [{ data: data.slice(0, cut * 12), shape: [cut, 12] }],
    test: [{ data: data.slice(cut * 12), shape: [kept - cut, 12] }],
  };
}

type Setting = {
  [K in ActionKind]: { kind: K; label: string; options: ActionOptions[K] };
}[ActionKind];

const fit = { seed: 1, iterations: 10 } as const;
const settings: readonly Setting[] = [
  ...[8, 32, 256].map((bins) => ({
    kind: "bins" as const,
    label: `${bins} bins`,
    options: { bins },
  })),
  ...[1, 2, 5, 10, 20].map((scale) => ({
    kind: "fast" as const,
    label: `γ ${scale}`,
    options: { scale, chunk: 20, vocabulary: 2048 },
  })),
  ...[16, 64, 256].map((size) => ({
    kind: "skills" as const,
    label: `${size} codes`,
    options: { ...fit, size, vocabulary: 2048 },
  })),
  ...["vq:16", "vq:64", "vq:256", "rvq:4x64"].map((quantizer) => ({
    kind: "saq" as const,
    label: quantizer,
    options: { ...fit, quantizer, cells: 8 },
  })),
  ...(["vq-hyp:64", "vq-hyp:256", "vq:256"] as const).flatMap((quantizer) =>
    [1, 4].map((chunk) => ({
      kind: "hyperbolic" as const,
      label: `${quantizer}, chunks of ${chunk}`,
      options: { ...fit, quantizer, chunk },
    })),
  ),
];

interface Row {
  readonly data: string;
  readonly kind: string;
  readonly label: string;
  readonly tokensPerSecond: number;
  readonly bitsPerSecond: number;
  /** Root of the mean squared error of an angle, degrees. */
  readonly degrees: number;
}

const only = process.argv[2];
const old = only ? (JSON.parse(readFileSync(join(here, "actions.json"), "utf8")) as Row[]) : [];
const results: Row[] = [];
const sets = [human(), robot()];
for (const set of sets) {
  for (const { kind, label, options } of settings) {
    if (only && kind !== only) {
      results.push(
        ...old.filter((r) => r.data === set.name && r.kind === kind && r.label === label),
      );
      continue;
    }
    let tokenizer;
    try {
      tokenizer = await fitActions(kind, set.train, options);
    } catch (error) {
      // Five seconds are too few for the larger codebooks and alphabets.
      console.log(set.name, kind, label, "left out:", (error as Error).message.slice(0, 100));
      continue;
    }
    let [codes, bits, square, values, seconds] = [0, 0, 0, 0, 0];
    for (const one of set.test) {
      const grid = tokenizer.encode(one);
      const back = tokenizer.decode(grid);
      codes += grid.codes.data.length;
      bits += bitsOf(grid).codes;
      seconds += one.shape[0] / set.rate;
      values += one.data.length;
      for (const [i, value] of one.data.entries()) square += (value - back.data[i]!) ** 2;
    }
    const row: Row = {
      data: set.name,
      kind,
      label,
      tokensPerSecond: codes / seconds,
      bitsPerSecond: bits / seconds,
      degrees: (Math.sqrt(square / values) * 180) / Math.PI,
    };
    results.push(row);
    console.log(
      set.name,
      kind,
      label,
      row.tokensPerSecond.toFixed(1),
      row.bitsPerSecond.toFixed(0),
      row.degrees.toFixed(2),
    );
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
writeFileAtomic(join(here, "actions.json"), bytes(`${JSON.stringify(results, null, 2)}\n`));
writeFileAtomic(join(here, "actions.svg"), bytes(draw(results)));
writeFileAtomic(join(here, "ACTIONS.md"), bytes(page()));

function page(): string {
  const rowsOf = (set: DataSet) =>
    results
      .filter(({ data }) => data === set.name)
      .map(
        (r) =>
          `| ${r.kind} | ${r.label} | ${r.tokensPerSecond.toFixed(1)} | ${r.bitsPerSecond.toFixed(0)} | ${r.degrees.toFixed(2)} |`,
      )
      .join("\n");
  const parts = sets.map((set) => {
    const count = (list: readonly Matrix[]) =>
      (list.reduce((sum, { shape }) => sum + shape[0], 0) / set.rate).toFixed(1);
    const { what, name } = set;
    return `## ${name}: ${set.train[0]!.shape[1]} ${what}

Fitted on ${count(set.train)} s, measured on ${count(set.test)} s.

| tokenizer | setting | tokens/s | bits/s | RMSE, degrees |
| --- | --- | --- | --- | --- |
${rowsOf(set)}
`;
  });
  return `# Action tokenizers side by side

Written by \`actions.ts\` (\`pnpm exec tsx --conditions=@dtok/source tooling/recipes/motion/actions.ts\`).
Trajectories are joint angles (rotation vectors of people's joints, a robot's motor angles) that were not
fitted on. Bits are those of codes at fixed width; "saq" has its first row beside them. "hyperbolic" with
\`vq\` is the same chunks in flat space. Of people's clips every ${EVERY}rd was fitted on.

What it shows: FAST gives the least error at every rate that it reaches, about the error of 256 bins with a
quarter of the tokens. Whole poses in one code (skills, saq, hyperbolic) make short sentences and coarse
motion. On these data the hyperbolic codebook is worse than the flat one of the same size. Skills of the robot are fitted on 174 steps, and overfit.

![error against tokens per second](actions.svg)

${parts.join("\n")}`;
}

/** Both sets in one picture: logarithmic axes, a colour for each kind, filled for people. */
function draw(rows: readonly Row[]): string {
  const [width, height, left, bottom, right, top] = [760, 480, 64, 48, 150, 20];
  const xs = rows.map((r) => Math.log10(r.tokensPerSecond));
  const ys = rows.map((r) => Math.log10(r.degrees));
  const [x0, x1] = [Math.min(...xs) - 0.1, Math.max(...xs) + 0.1];
  const [y0, y1] = [Math.min(...ys) - 0.1, Math.max(...ys) + 0.1];
  const px = (value: number) =>
    left + ((Math.log10(value) - x0) / (x1 - x0)) * (width - left - right);
  const py = (value: number) =>
    height - bottom - ((Math.log10(value) - y0) / (y1 - y0)) * (height - bottom - top);
  const ticks = (from: number, to: number) =>
    [-2, -1, 0, 1, 2, 3, 4]
      .flatMap((e) => [1, 2, 5].map((m) => m * 10 ** e))
      .filter((v) => Math.log10(v) >= from && Math.log10(v) <= to);
  const colours: Record<string, string> = {
    bins: "#4c78a8",
    fast: "#e45756",
    skills: "#54a24b",
    saq: "#b279a2",
    hyperbolic: "#d98f00",
    "hyperbolic, flat": "#777777",
  };
  const series = new Map<string, Row[]>();
  for (const row of rows) {
    const flat = row.kind === "hyperbolic" && row.label.startsWith("vq:");
    const key = `${row.data}|${row.kind}${flat ? ", flat" : ""}`;
    series.set(key, [...(series.get(key) ?? []), row]);
  }
  const marks = [...series].map(([key, list]) => {
    const [data, kind] = key.split("|") as [string, string];
    const colour = colours[kind]!;
    const fill = data === "people" ? colour : "none";
    const sorted = list.toSorted((a, b) => a.tokensPerSecond - b.tokensPerSecond);
    // Settings of these differ in two ways: no line joins them.
    const path = kind.startsWith("hyperbolic") || kind === "saq" ? [] : sorted;
    const line = path.map((r) => `${px(r.tokensPerSecond).toFixed(1)},${py(r.degrees).toFixed(1)}`);
    const dots = sorted.map(
      (r) =>
        `<circle cx="${px(r.tokensPerSecond).toFixed(1)}" cy="${py(r.degrees).toFixed(1)}" r="4" fill="${fill}" stroke="${colour}"><title>${data}: ${kind}, ${r.label}: ${r.tokensPerSecond.toFixed(1)} tokens/s, ${r.degrees.toFixed(2)} degrees</title></circle>`,
    );
    return `<polyline points="${line.join(" ")}" fill="none" stroke="${colour}" stroke-dasharray="${data === "people" ? "" : "4 3"}"/>${dots.join("")}`;
  });
  const legend = Object.entries(colours).map(
    ([kind, colour], i) =>
      `<circle cx="${width - right + 20}" cy="${top + 20 + i * 20}" r="4" fill="${colour}"/><text x="${width - right + 32}" y="${top + 24 + i * 20}">${kind}</text>`,
  );
  const note = ["filled: people", "hollow: robot"].map(
    (text, i) => `<text x="${width - right + 16}" y="${top + 160 + i * 18}">${text}</text>`,
  );
  const axes = [
    ...ticks(x0, x1).map(
      (v) =>
        `<line x1="${px(v)}" x2="${px(v)}" y1="${top}" y2="${height - bottom}" stroke="#eee"/><text x="${px(v)}" y="${height - bottom + 16}" text-anchor="middle">${v}</text>`,
    ),
    ...ticks(y0, y1).map(
      (v) =>
        `<line x1="${left}" x2="${width - right}" y1="${py(v)}" y2="${py(v)}" stroke="#eee"/><text x="${left - 8}" y="${py(v) + 4}" text-anchor="end">${Number(v.toPrecision(2))}</text>`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="Error of joint angles against tokens per second for each action tokenizer"><rect width="${width}" height="${height}" fill="white"/>${axes.join("")}${marks.join("")}${legend.join("")}${note.join("")}<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">tokens per second</text><text x="16" y="${height / 2}" text-anchor="middle" transform="rotate(-90 16 ${height / 2})">RMSE, degrees</text></svg>\n`;
}
