/**
 * Writes models/<name>/README.md from what evaluate.ts measured (card.json), and the measures into the
 * manifest src/tokenizers/<name>.ts:
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
const { manifest } = plugins[name];
// A tokenizer that shares another's networks lies beside them.
const shared = (manifest.settings as { readonly folder?: string }).folder;
const folder = join(root, "packages", "audio", "models", shared ?? name);
const cardPath = join(folder, shared === undefined ? "card.json" : `${name}.card.json`);
const card = JSON.parse(readFileSync(cardPath, "utf8")) as {
  metric: string;
  value: number;
  unit?: string;
  data: string;
}[];
const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: Source[];
};
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
  const runs = found("frames per run of one unit");
  const [size] = manifest.codebookSizes;
  const notes = [
    ...(used === undefined
      ? []
      : manifest.codebookSizes.length > 1
        ? [`${(used * 100).toFixed(0)} % of all codes occur in these sounds.`]
        : [`${Math.round(used * size)} of ${size} codes occur in these sounds.`]),
    ...(runs === undefined ? [] : [`Runs of one unit last ${runs.toFixed(2)} frames on average.`]),
  ];
  return `### ${data[0]!.toUpperCase()}${data.slice(1)}

| | ${columns.map(([, title]) => title).join(" | ")} |
| --- | ${columns.map(() => "---:").join(" | ")} |
${rows.join("\n")}

${notes.length === 0 ? "" : `${notes.join(" ")}\n`}`;
});
const LIMITS: Record<AudioTokenizerName, string> = {
  "sound-16k": `16 kHz: nothing above 8 kHz is kept. Trained without an adversary: above 2 kHz, harmonics come back lower
than they were and the gaps between them fuller, which is heard as roughness, and telephone prompts among the
training data left a faint step at 4 kHz (see the spectrograms beside the recipe). The mel distance is what training
lowered; the other measures were no part of it but for the waveform's error. Opus at 8 kbit/s is nearer to the
waveform and more intelligible by STOI and PESQ. Not trained on singing, and hardly on several voices at
once; no listening test was made.`,
  "speech-40hz": `Trained for 34 minutes on two processor cores by mel distance alone, without an adversary and without a term on
the waveform: no phase is kept (SI-SDR says nothing here) and voices are hoarse. By STOI it is as intelligible as
Codec2 at 1.4 kbit/s on full-band speech, at less than half its bits, and clearly less so on telephone prompts;
PESQ is near its floor in both. Expect words to be lost; no listening test was made. For what a person is to
listen to take sound-16k. Not for music. 16 kHz: nothing above 8 kHz is kept.`,
  "units-50hz": `These are clusters of sound-16k's latents, trained to bring sound back and not to tell phones apart as features
learnt from masked speech are: a unit depends on the voice too, a phone has several units, and runs are short.
How well units tell phones or words apart was not measured. What the decoder makes of them is rough (STOI below
0.61), for checking by ear. Merging runs of one unit (toUnits) loses nothing; fromUnits undoes it. Fitted on
speech alone, not for music. 16 kHz: nothing above 8 kHz is kept.`,
};
const compared = card.some(({ metric }) => metric.startsWith("Opus"));
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

${compared ? "All codecs in one run, on clips put end to end; bits of the others are those of their whole files, bits of\nthe tokens are those of the codes. All are decoded to files of 16 bits." : "On clips put end to end, the same as in sound-16k's card beside this one, which has other codecs on them; bits\nare those of the codes."} Mel distance sums mean log10 differences over windows of 32 to 2048
samples at 16 kHz.

${tables.join("\n")}
## Limits

${LIMITS[name]}

## Data

| package | version | split | kind | licence |
| --- | --- | --- | --- | --- |
${packages.map((p) => `| ${p.name} | ${p.version} | ${p.split} | ${p.kind} | ${p.licence} |`).join("\n")}
`;
const utf8 = new TextEncoder();
writeFileAtomic(join(folder, shared === undefined ? "README.md" : `${name}.md`), utf8.encode(text));
const by = shared === undefined ? "export.ts" : "units.ts";
writeFileAtomic(
  join(root, "packages", "audio", "src", "tokenizers", `${name}.ts`),
  utf8.encode(
    `import type { Manifest } from "@dtok/core";\n\n/** Written by tooling/recipes/audio/${by}. */\nexport const manifest = ${JSON.stringify({ ...manifest, card }, null, 2)} as const satisfies Manifest<"audio">;\n`,
  ),
);
