import type { Codec, ImageSignal, Manifest, TokenGrid } from "@dtok/core";
import type { PhotoDecodeOptions, PhotoEncodeOptions } from "./codec/photo-codec.js";
import type { PictureAhead } from "./signal/image.js";

/** Encode options, and those of reading a file. */
export interface ImageEncodeOptions extends PhotoEncodeOptions {
  /** Page of an animation, from 0 (Node.js). Default 0. */
  readonly page?: number;
}

/** A codec of pixels that also opens files, blobs, canvases, … */
export interface ImageTokenizer<Input> extends Codec<ImageSignal> {
  readonly manifest: Manifest<"image">;
  encode(image: Input | ImageSignal, options?: ImageEncodeOptions): Promise<TokenGrid>;
  encodeBatch(
    images: readonly (Input | ImageSignal)[],
    options?: ImageEncodeOptions,
  ): Promise<TokenGrid[]>;
  /**
   * Grids of any number of pictures of any sizes, in order, as they are asked for. While the model has one,
   * the next is read and decoded: of a run over many JPEG files next to nothing passes outside the model.
   * Memory: two pictures. The first picture that fails ends it.
   */
  encodeEach(
    images: Iterable<Input | ImageSignal> | AsyncIterable<Input | ImageSignal>,
    options?: ImageEncodeOptions,
  ): AsyncGenerator<TokenGrid, void, undefined>;
  decode(grid: TokenGrid, options?: PhotoDecodeOptions): Promise<ImageSignal>;
  decodeBatch(grids: readonly TokenGrid[], options?: PhotoDecodeOptions): Promise<ImageSignal[]>;
}

interface BatchCodec extends Codec<ImageSignal> {
  encodeAhead(picture: PictureAhead, options?: ImageEncodeOptions): Promise<TokenGrid>;
  encodeBatch(images: readonly ImageSignal[], options?: ImageEncodeOptions): Promise<TokenGrid[]>;
  decodeBatch(grids: readonly TokenGrid[], options?: PhotoDecodeOptions): Promise<ImageSignal[]>;
}

/** Files of a batch that are open and decoding at once. */
const READERS = 4;

/** Reads one picture. */
type Read<Input, Result> = (
  input: Input | ImageSignal,
  options: ImageEncodeOptions,
) => Promise<Result>;

/**
 * Puts a reader of files before a codec of pixels. `readAhead` may leave a single picture's
 * decoding to the codec.
 */
export function withReader<Input>(
  codec: BatchCodec,
  read: Read<Input, ImageSignal>,
  readAhead: Read<Input, ImageSignal | PictureAhead> = read,
): ImageTokenizer<Input> {
  return {
    manifest: codec.manifest as Manifest<"image">,
    encode: async (image, options = {}) => {
      const found = await readAhead(image, options);
      return "decode" in found ? codec.encodeAhead(found, options) : codec.encode(found, options);
    },
    encodeBatch: async (images, options = {}) => {
      // What is no list is the codec's to refuse.
      if (!Array.isArray(images)) return codec.encodeBatch(images as never, options);
      const signals = new Array<ImageSignal>(images.length);
      let next = 0;
      const reader = async () => {
        while (next < images.length) {
          options.signal?.throwIfAborted();
          const i = next++;
          signals[i] = await read(images[i] as Input, options);
        }
      };
      await Promise.all(Array.from({ length: Math.min(READERS, images.length) }, reader));
      return codec.encodeBatch(signals, options);
    },
    async *encodeEach(images, options = {}) {
      const source = ahead(images, (image) => read(image, options));
      for await (const image of source) yield codec.encode(image, options);
    },
    decode: (grid, options) => codec.decode(grid, options),
    decodeBatch: (grids, options) => codec.decodeBatch(grids, options),
    close: () => codec.close(),
  };
}

/** Items after `open`, one of them opened ahead. */
async function* ahead<T, U>(
  items: Iterable<T> | AsyncIterable<T>,
  open: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  let next: Promise<U> | undefined;
  for await (const item of items) {
    const ready = next;
    next = open(item);
    // Heard of when its turn comes, or never, by who stops before.
    next.catch(() => undefined);
    if (ready !== undefined) yield await ready;
  }
  if (next !== undefined) yield await next;
}
