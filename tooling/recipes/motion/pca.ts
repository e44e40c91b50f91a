/**
 * The axes of PCA that the benchmark sets beside the tokenizers, fitted once on the clips of people that these
 * were trained on, so that nothing of a measured clip is in them:
 *
 *   tsx --conditions=@dtok/source tooling/recipes/motion/pca.ts
 *
 * Writes samples/motion-pca.safetensors: mean [268], basis [K, 268], deviation [K], and shares [R, 3]: bits per
 * second, components and bits of each.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "@dtok/core";
import { FEATURE_FPS } from "@dtok/motion";
import { writeFileAtomic } from "@dtok/train/node";
import { fitAxes, shareBits } from "./baselines.js";
import { clipFeatures, loadClips } from "./data.js";

/** Bits per second. */
export const RATES = [45, 90, 135, 270, 540, 1080];
const PATCHES_PER_SECOND = FEATURE_FPS / 4;

const training = loadClips()
  .filter(({ split, embodiment }) => split === "train" && embodiment === "human")
  .map((clip) => clipFeatures(clip));
const most = Math.floor(RATES.at(-1)! / PATCHES_PER_SECOND / 2);
const axes = fitAxes(training, most);
const shares = RATES.map((rate) => {
  const { components, bits } = shareBits(axes, rate / PATCHES_PER_SECOND);
  console.log(`${rate} bit/s: ${components} components of ${bits} bits`);
  return [rate, components, bits];
});
const used = Math.max(...shares.map(([, components]) => components!));
const width = axes.mean.length;
const flat = (rows: readonly (readonly number[] | Float64Array)[]) =>
  Float32Array.from(rows.flatMap((row) => [...row]));
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
writeFileAtomic(
  join(root, "samples", "motion-pca.safetensors"),
  writeSafetensors({
    mean: { data: flat([axes.mean]), shape: [width] },
    basis: { data: flat(axes.basis.slice(0, used)), shape: [used, width] },
    deviation: { data: flat([axes.deviation.slice(0, used)]), shape: [used] },
    shares: { data: flat(shares), shape: [shares.length, 3] },
  }),
);
