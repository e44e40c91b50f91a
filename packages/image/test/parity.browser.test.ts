import { loadImageTokenizer, plugins, readImage } from "@dtok/image/web";
import type { ImageTokenizerName } from "@dtok/image/web";
import { commands } from "vitest/browser";
import { describe, expect, test } from "vitest";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

interface Reference {
  readonly shape: readonly number[];
  readonly codes: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: string;
  readonly sum: number;
}

// Sides that are no multiple of the stride, and more than one tile at 512.
const photographs = ["coffee.jpg", "flower.jpg"];

describe.each(Object.keys(plugins) as ImageTokenizerName[])("%s", (name) => {
  test.each(photographs)("%s: a browser's tokens are Node.js' tokens", async (photograph) => {
    const path = `samples/${photograph}`;
    const answer = await commands.runInNode("packages/image/test/parity.reference.ts", name, path);
    const reference = JSON.parse(answer) as Reference;

    const file = await (await fetch(`/${path}`)).blob();
    const tokenizer = await loadImageTokenizer(name);
    const image = await readImage(file);
    const grid = await tokenizer.encode(file);
    const back = await tokenizer.decode(grid);
    // Its decoder on Node.js' codes, so that a code that differs does not count twice.
    const decoded = await tokenizer.decode({
      ...grid,
      codes: { ...grid.codes, data: Int32Array.from(reference.codes) },
    });
    await tokenizer.close();

    expect(colours(image.data, image.channels).reduce((a, b) => a + b, 0)).toBe(reference.sum);
    expect(grid.shape).toEqual(reference.shape);
    expect([back.width, back.height]).toEqual([reference.width, reference.height]);

    const codes = Array.from(grid.codes.data);
    const equal = codes.filter((code, i) => code === reference.codes[i]).length / codes.length;
    const pixels = Uint8Array.from(atob(reference.pixels), (c) => c.charCodeAt(0));
    const expected = colours(pixels, reference.channels);
    const apart = meanDifference(colours(back.data, back.channels), expected);
    const decoderApart = meanDifference(colours(decoded.data, decoded.channels), expected);
    console.log(
      `${name}, ${photograph}: ${(100 * equal).toFixed(3)} % of ${codes.length} codes equal, ` +
        `pixels ${apart.toFixed(4)}/255 apart (same codes: ${decoderApart.toFixed(4)}/255)`,
    );
    expect(equal).toBeGreaterThanOrEqual(0.999);
    expect(apart).toBeLessThanOrEqual(1);
    expect(decoderApart).toBeLessThanOrEqual(0.1);
  });
});

/** The colour values, without alpha. */
function colours(data: ArrayLike<number>, channels: number): number[] {
  return Array.from(data).filter((_, i) => channels < 4 || i % 4 < 3);
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length;
}
