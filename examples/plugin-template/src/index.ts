import { ShapeError, checkTokenGrid, checkTokenizer, createQuantizer, createTokenGrid } from "@dtok/core"; // prettier-ignore
import type { Matrix, TokenizerPlugin } from "@dtok/core";
import { manifest } from "./manifest.js";

export { seriesReconstruction } from "./task.js";

declare module "@dtok/core" {
  interface Signals {
    series: Float32Array;
  }
}

/** Readings in [-1, 1]: 16 to a code, by their five lowest frequencies (as FAST, arXiv:2501.09747). */
export const dct16x: TokenizerPlugin<"series/dct-16x", "series"> = {
  manifest,
  async load({ runtime, readFile }) {
    const quantizer = createQuantizer(manifest.quantizer);
    const encoder = await runtime.load(await readFile("encoder"));
    const decoder = await runtime.load(await readFile("decoder"));
    return {
      manifest,
      async encode(series, options) {
        if (!(series instanceof Float32Array) || series.length === 0) {
          const got = series instanceof Float32Array ? "none" : typeof series;
          const parts = { expected: "readings, a Float32Array", got, remedy: "Pass at least one." };
          throw new ShapeError("series", parts);
        }
        options?.signal?.throwIfAborted();
        const rows = Math.ceil(series.length / 16);
        const data = new Float32Array(rows * 16).fill(series[series.length - 1]!);
        data.set(series);
        const { latents } = await encoder.run({ series: { data, shape: [rows, 16] } });
        return createTokenGrid({
          codes: quantizer.quantize(latents as Matrix),
          shape: [rows],
          codebookSizes: quantizer.codebookSizes,
          side: { length: series.length },
          tokenizer: manifest.id,
        });
      },
      async decode(grid) {
        checkTokenizer(checkTokenGrid(grid), manifest.id, manifest.codebookSizes);
        const { series } = await decoder.run({ latents: quantizer.dequantize(grid.codes) });
        return (series!.data as Float32Array).slice(0, Number(grid.side.length));
      },
      close: () => Promise.all([encoder.close(), decoder.close()]).then(() => undefined),
    };
  },
};
