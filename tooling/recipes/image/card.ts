/**
 * Writes models/<name>/README.md from what evaluate.ts measured (card.json):
 *
 *   tsx --conditions=@dtok/source tooling/recipes/image/card.ts photo-8x
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { plugins } from "@dtok/image";
import type { ImageTokenizerName } from "@dtok/image";
import { writeFileAtomic } from "@dtok/train/node";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const name = process.argv[2] as ImageTokenizerName;
const folder = join(root, "packages", "image", "models", name);
const card = JSON.parse(readFileSync(join(folder, "card.json"), "utf8")) as {
  metric: string;
  value: number;
  data: string;
}[];
const { manifest } = plugins[name];
const value = (metric: string) => card.find((entry) => entry.metric === metric)?.value;
const { packages } = JSON.parse(readFileSync(join(here, "sources.json"), "utf8")) as {
  packages: { name: string; version: string; split: string; kind: string; licence: string }[];
};

const columns = [
  ["bpp", "bits/pixel", 3],
  ["psnr", "PSNR dB", 2],
  ["ssim", "SSIM", 3],
  ["msSsim", "MS-SSIM", 3],
  ["haarPsi", "HaarPSI", 3],
  ["gmsd", "GMSD (less is better)", 3],
] as const;
const codecs = ["jpeg", "webp", "webp, not scaled", "avif"];
const rows = [name, ...codecs].map((who) => {
  const cells = columns.map(([metric, , digits]) => {
    const found = value(who === name ? metric : `${who} ${metric}`);
    return found === undefined ? "–" : found.toFixed(digits);
  });
  return `| ${who} | ${cells.join(" | ")} |`;
});
const half = (who: string, which: "most" | "least") =>
  (value(`${who === name ? "" : `${who} `}haarPsi, the half with ${which} detail`) ?? NaN).toFixed(
    3,
  );
const perCode = Math.log2(manifest.codebookSizes[0]).toFixed(1);
const files = Object.values(
  manifest.files as Record<string, { path: string; bytes: number; sha256: string }>,
);
const text = `# ${manifest.id}

${manifest.description}

- **Quantizer**: \`${manifest.quantizer}\`, one codebook of ${manifest.codebookSizes[0]} entries; ${((value("share of the codebook used") ?? 0) * 100).toFixed(1)} % of them used on the held-out photographs.
- **Files**: ${files.map((file) => `\`${file.path}\` (${(file.bytes / 1e6).toFixed(1)} MB)`).join(", ")}; kernels stored in float16, computed in float32.
- **Licences**: code and weights Apache-2.0; training data as below.
- **Recipe**: \`tooling/recipes/image\` (network, losses, seed, steps).

## Measured

Means over ${card[0]?.data}. A codec gets the quality and scale with the best PSNR in at most the
tokens' bits; where its smallest file is larger than that, the smallest file counts. Codec bits include
the file's headers, token bits the side information. "Not scaled" is WebP at the picture's own size, at
the smallest file that it can make where that is larger.

| | ${columns.map(([, title]) => title).join(" | ")} |
| --- | ${columns.map(() => "---:").join(" | ")} |
${rows.join("\n")}

By HaarPSI, on the half of the photographs with the most detail ${name} has ${half(name, "most")} and WebP ${half("webp", "most")}; on the
half with the least ${half(name, "least")} and ${half("webp", "least")}. A code takes ${perCode} bits wherever it lies, on a clear sky as on
grass, while a codec spends its bits where the picture needs them. (Entropy coded one by one, the codes
would take ${value("entropy of the codes")} bits each; tokens for a language model are not.) The other reasons are the loss, which
has no adversary, and the time of training: see the recipe.

## Limits

Trained on few photographs of scenes and many photographic textures, without an adversarial loss:
fine texture comes back smooth, small text and faces in a crowd are not kept. Not for pictures whose
content must be exact.

## Data

| package | version | split | kind | licence |
| --- | --- | --- | --- | --- |
${packages.map((p) => `| ${p.name} | ${p.version} | ${p.split} | ${p.kind} | ${p.licence} |`).join("\n")}
`;
writeFileAtomic(join(folder, "README.md"), new TextEncoder().encode(text));
