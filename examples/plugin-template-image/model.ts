/* Writes models/*.onnx and src/manifest.ts. Here the network is a transform; yours comes from training. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import {
  cast,
  clip,
  conv2d,
  depthToSpace,
  div,
  GraphBuilder,
  mul,
  sub,
  transpose,
} from "@dtok/train";

const BLOCK = 8;
/** What one code holds of a block: a colour axis, a frequency across and down, a gain, FSQ levels. */
const parts = [
  { axis: 0, u: 0, v: 0, gain: 1, levels: 16 },
  { axis: 0, u: 1, v: 0, gain: 1.6, levels: 8 },
  { axis: 0, u: 0, v: 1, gain: 1.6, levels: 8 },
  { axis: 1, u: 0, v: 0, gain: 2, levels: 7 },
  { axis: 2, u: 0, v: 0, gain: 2, levels: 7 },
] as const;
/** Luma and two differences of colour, from red, green and blue in [-1, 1] (BT.601); and back. */
const fromRgb = [
  [0.299, 0.587, 0.114],
  [-0.1687, -0.3313, 0.5],
  [0.5, -0.4187, -0.0813],
] as const;
const toRgb = [
  [1, 0, 1.402],
  [1, -0.3441, -0.7141],
  [1, 1.772, 0],
] as const;
const wave = (k: number, t: number) => Math.cos((Math.PI / BLOCK) * (t + 0.5) * k);
const norm = (k: number) => (k === 0 ? 1 : 2) / BLOCK;

/** [part, colour, y, x]: a strided convolution takes the block's cosine coefficients. */
const analysis = parts.flatMap(({ axis, u, v, gain }) =>
  fromRgb[axis].flatMap((share) =>
    Array.from({ length: BLOCK * BLOCK }, (_, i) => {
      const [y, x] = [Math.floor(i / BLOCK), i % BLOCK];
      return gain * share * norm(u) * norm(v) * wave(u, x) * wave(v, y);
    }),
  ),
);
/** [(y, x, colour), part]: every part paints its wave into the block. */
const synthesis = Array.from({ length: BLOCK * BLOCK * 3 }, (_, i) => {
  const [y, x, colour] = [Math.floor(i / (3 * BLOCK)), Math.floor(i / 3) % BLOCK, i % 3];
  return parts.map(
    ({ axis, u, v, gain }) => (toRgb[colour]![axis]! * wave(u, x) * wave(v, y)) / gain,
  );
}).flat();

const encoder = new GraphBuilder("encoder");
const rgb = cast(encoder.input("pixels", ["n", "h", "w", 3], "uint8"), "float32");
const kernel = { data: Float32Array.from(analysis), shape: [parts.length, 3, BLOCK, BLOCK] };
const unit = transpose(sub(div(rgb, 127.5), 1), [0, 3, 1, 2]);
const latents = transpose(
  conv2d(unit, encoder.constant(kernel), { stride: BLOCK, padding: 0 }),
  [0, 2, 3, 1],
);

const decoder = new GraphBuilder("decoder");
const cells = transpose(decoder.input("latents", ["n", "h", "w", parts.length]), [0, 3, 1, 2]);
const basis = {
  data: Float32Array.from(synthesis),
  shape: [3 * BLOCK * BLOCK, parts.length, 1, 1],
};
const painted = depthToSpace(conv2d(cells, decoder.constant(basis)), BLOCK);
const bytes = clip(mul(sub(transpose(painted, [0, 2, 3, 1]), -1), 127.5), 0, 255);
const pixels = cast(bytes, "uint8");

function write(name: string, model: Uint8Array) {
  writeFileSync(new URL(`models/${name}.onnx`, import.meta.url), model);
  const sha256 = createHash("sha256").update(model).digest("hex");
  return { path: `${name}.onnx`, bytes: model.length, sha256 };
}
const levels = parts.map((part) => part.levels);
const manifest = {
  format: "dtok-manifest-1",
  id: "image/dct-8x",
  modality: "image",
  version: "0.1.0",
  description: "Pictures, five cosine coefficients of 8 x 8 pixels to a code.",
  quantizer: `fsq-clamped:${levels.join(",")}`,
  codebookSizes: [levels.reduce((a, b) => a * b, 1)],
  stride: [BLOCK, BLOCK],
  files: {
    encoder: write("encoder", encoder.toOnnx({ latents }, {})),
    decoder: write("decoder", decoder.toOnnx({ pixels }, {})),
  },
  // How far a cell sees, in cells: blocks see themselves.
  settings: { encoderHalo: 0, decoderHalo: 0 },
  licences: { code: "Apache-2.0", weights: "Apache-2.0", data: "none: a cosine transform" },
};
writeFileSync(
  new URL("src/manifest.ts", import.meta.url),
  `import type { Manifest } from "@dtok/core";\n\n/** Written by model.ts. */\nexport const manifest = ${JSON.stringify(manifest, null, 2)} as const satisfies Manifest<"image">;\n`,
);
