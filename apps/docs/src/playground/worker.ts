/** Tokenizers off the main thread: nothing leaves the page. */
import { createQuantizer, saveTokenGrid } from "@dtok/core";
import type { TokenGrid } from "@dtok/core";
import { bitsPerPixel, loadImageTokenizer, psnr, toImageData } from "@dtok/image/web";
import type { ImageTokenizerName } from "@dtok/image/web";
import type { Calls, Decoded, Encoded, Pixels, Request } from "./protocol.js";

type Loaded = Awaited<ReturnType<typeof loadImageTokenizer>>;
const tokenizers = new Map<string, Promise<Loaded>>();
const work = new Map<string, { readonly grid: TokenGrid; readonly original: Pixels }>();

function tokenizer(name: string): Promise<Loaded> {
  let loading = tokenizers.get(name);
  if (loading === undefined) {
    loading = loadImageTokenizer(name as ImageTokenizerName, {
      onProgress: ({ bytes, total }) => postMessage({ progress: { name, done: bytes, total } }),
    });
    tokenizers.set(name, loading);
    // So that the next try starts anew.
    loading.catch(() => tokenizers.delete(name));
  }
  return loading;
}

function gridOf(name: string, codes: Int32Array) {
  const known = work.get(name);
  if (known === undefined) throw new Error(`Nothing was encoded with ${name} yet.`);
  const { grid, original } = known;
  return { original, grid: { ...grid, codes: { data: codes, shape: grid.codes.shape } } };
}

const latentsOf = (spec: string, grid: TokenGrid) => createQuantizer(spec).dequantize(grid.codes);

const calls: { [N in keyof Calls]: (args: Calls[N]["args"]) => Promise<Calls[N]["result"]> } = {
  async open({ name }) {
    const { manifest } = await tokenizer(name);
    return { bytes: Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0) };
  },
  async encode({ name, pixels }): Promise<Encoded> {
    const codec = await tokenizer(name);
    const start = performance.now();
    const grid = await codec.encode({ ...pixels, channels: 4 });
    const milliseconds = performance.now() - start;
    work.set(name, { grid, original: pixels });
    const { data, shape } = latentsOf(codec.manifest.quantizer, grid);
    return {
      shape: grid.shape as [number, number],
      codes: grid.codes.data,
      latents: data,
      dim: shape[1],
      codebookSize: grid.codebookSizes[0]!,
      stride: codec.manifest.stride as [number, number],
      bitsPerPixel: bitsPerPixel(grid),
      milliseconds,
    };
  },
  async decode({ name, codes }): Promise<Decoded> {
    const codec = await tokenizer(name);
    const { grid, original } = gridOf(name, codes);
    const start = performance.now();
    const decoded = await codec.decode(grid);
    const { data, width, height } = toImageData(decoded);
    return {
      pixels: { data: data as Uint8ClampedArray<ArrayBuffer>, width, height },
      psnr: psnr({ ...original, channels: 4 }, decoded),
      latents: latentsOf(codec.manifest.quantizer, grid).data,
      milliseconds: performance.now() - start,
    };
  },
  async save({ name, codes }) {
    await tokenizer(name);
    return saveTokenGrid(gridOf(name, codes).grid) as Uint8Array<ArrayBuffer>;
  },
};

addEventListener("message", ({ data: { id, call, args } }: MessageEvent<Request>) => {
  void (async () => {
    try {
      postMessage({ id, result: await calls[call](args as never) });
    } catch (error) {
      postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  })();
});
