/**
 * Writes models/<name>/README.md from what evaluate.ts measured (card.json):
 *
 *   tsx --conditions=@dtok/source tooling/recipes/audio/card.ts sound-16k
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { plugins } from "@dtok/audio";
import type { AudioTokenizerName } from "@dtok/audio";
import { writeFileAtomic } from "@dtok/train/node";
import type { Source } from "./fetch.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const name = (process.argv[2] ?? "sound-16k") as AudioTokenizerName;
const folder = join(root, "packages", "audio", "models", name);
const card = JSON.parse(readFileSync(join(folder, "card.json"), "utf8")) as {
  metric: string;
  value: number;
  data: string;
}[];
const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: Source[];
};
const { manifest } = plugins[name];
const COLUMNS = [
  ["kbps", "kbit/s", 2],
  ["melDistance", "mel distance (less is better)", 3],
  ["siSdr", "SI-SDR dB", 2],
  ["stoi", "STOI", 3],
  ["pesq", "PESQ (wide band)", 2],
] as const;
const tables = [...new Set(card.map(({ data }) => data))].map((data) => {
  const entries = card.filter((entry) => entry.data === data);
  const found = (metric: string) => entries.find((entry) => entry.metric === metric)?.value;
  const who = entries.flatMap(({ metric }) =>
    metric.endsWith(" kbps") ? [metric.slice(0, -" kbps".length)] : [],
  );
  const columns = COLUMNS.filter(([metric]) =>
    who.some((w) => found(`${w} ${metric}`) !== undefined),
  );
  const rows = who.map(
    (w) =>
      `| ${w} | ${columns.map(([metric, , digits]) => found(`${w} ${metric}`)?.toFixed(digits) ?? "–").join(" | ")} |`,
  );
  const used = found("share of the codebooks used");
  return `### ${data[0]!.toUpperCase()}${data.slice(1)}

| | ${columns.map(([, title]) => title).join(" | ")} |
| --- | ${columns.map(() => "---:").join(" | ")} |
${rows.join("\n")}

${used === undefined ? "" : `${(used * 100).toFixed(0)} % of all codes occur in these sounds.\n`}`;
});
const files = Object.values(
  manifest.files as Record<string, { readonly path: string; readonly bytes: number }>,
);
const text = `# ${manifest.id}

${manifest.description}

- **Quantizer**: \`${manifest.quantizer}\`.
- **Files**: ${files.map(({ path, bytes }) => `\`${path}\` (${(bytes / 1e6).toFixed(1)} MB)`).join(", ")}; kernels stored in float16, computed in float32.
- **Licences**: code and weights Apache-2.0; training data as below.
- **Recipe**: \`tooling/recipes/audio\` (network, losses, seed, steps).

## Measured

All codecs in one run, on clips put end to end; bits of the others are those of their whole files, bits of
the tokens are those of the codes. Mel distance sums mean log10 differences over windows of 32 to 2048
samples at 16 kHz.

${tables.join("\n")}
## Limits

16 kHz: nothing above 8 kHz is kept. Trained without an adversary: noise and breath come back smooth. Not
trained on singing, and hardly on several voices at once.

## Data

| package | version | split | kind | licence |
| --- | --- | --- | --- | --- |
${packages.map((p) => `| ${p.name} | ${p.version} | ${p.split} | ${p.kind} | ${p.licence} |`).join("\n")}
`;
writeFileAtomic(join(folder, "README.md"), new TextEncoder().encode(text));
