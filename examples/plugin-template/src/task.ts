import type { BenchTask } from "@dtok/bench";
import type { Codec } from "@dtok/core";

/** Days of readings that no constant was chosen on: sums of waves, by their numbers alone. */
const days = Array.from({ length: 20 }, (_, n) =>
  Float32Array.from(
    { length: 96 + 7 * n },
    (_, i) => 0.5 * Math.sin((i + 31 * n) / (11 + n)) + 0.2 * Math.cos((i * (n + 1)) / 60),
  ),
);

async function errorOf(codec: Codec<Float32Array>, day: Float32Array): Promise<number> {
  const back = await codec.decode(await codec.encode(day));
  return Math.sqrt(day.reduce((sum, x, i) => sum + (x - back[i]!) ** 2, 0) / day.length);
}

/** A modality of its own has a task of its own: `dtok bench --plugin . --task series/reconstruction`. */
export const seriesReconstruction: BenchTask<Float32Array> = {
  id: "series/reconstruction",
  title: "Readings of a sensor: reconstruction of 20 made-up days",
  metrics: [{ key: "rmse", name: "root mean squared error", better: "less", digits: 4 }],
  conformance: async () => days.slice(0, 2),
  sameExtent: (a, b) => a.length === b.length,
  async measure(codec) {
    const errors = await Promise.all(days.map((day) => errorOf(codec, day)));
    const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
    const squares = errors.reduce((sum, e) => sum + (e - mean) ** 2, 0);
    return { rmse: { mean, spread: Math.sqrt(squares / (errors.length - 1)) } };
  },
};
