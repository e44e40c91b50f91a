/* Writes models/*.onnx and src/manifest.ts. Here the network is a transform; yours comes from training. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { GraphBuilder, matmul } from "@dtok/train";

/** Slow changes are larger than fast ones: each frequency fills its levels. */
const gains = [1, 1.5, 3, 5, 5];
const wave = (k: number, t: number) => Math.cos((Math.PI / 16) * (t + 0.5) * k);
const here = new URL("./", import.meta.url);

function write(name: string, from: string, to: string, shape: [number, number], data: number[]) {
  const g = new GraphBuilder(name);
  const matrix = g.constant({ data: Float32Array.from(data), shape });
  const bytes = g.toOnnx({ [to]: matmul(g.input(from, ["n", shape[0]]), matrix) }, {});
  writeFileSync(new URL(`models/${name}.onnx`, here), bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { path: `${name}.onnx`, bytes: bytes.length, sha256 };
}

const forward = Array.from({ length: 80 }, (_, i) => {
  const [t, k] = [Math.floor(i / 5), i % 5];
  return (gains[k]! * wave(k, t) * (k === 0 ? 1 : 2)) / 16;
});
const backward = Array.from({ length: 80 }, (_, i) => {
  const [k, t] = [Math.floor(i / 16), i % 16];
  return wave(k, t) / gains[k]!;
});
const manifest = {
  format: "dtok-manifest-1",
  id: "series/dct-16x",
  modality: "series",
  version: "0.1.0",
  description: "Readings of a sensor, 16 to one of 30,720 codes.",
  quantizer: "fsq-clamped:16,8,8,6,5",
  codebookSizes: [30720],
  stride: [16],
  files: {
    encoder: write("encoder", "series", "latents", [16, 5], forward),
    decoder: write("decoder", "latents", "series", [5, 16], backward),
  },
  settings: {},
  licences: { code: "Apache-2.0", weights: "Apache-2.0", data: "none: a cosine transform" },
};
writeFileSync(
  new URL("src/manifest.ts", here),
  `import type { Manifest } from "@dtok/core";\n\n/** Written by model.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"series">;\n`,
);
