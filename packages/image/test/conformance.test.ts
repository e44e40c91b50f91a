import { checkCodec, codecCheckNames } from "@dtok/conformance";
import type { Codec, ImageSignal } from "@dtok/core";
import { loadImageTokenizer, plugins, readImage } from "@dtok/image";
import type { ImageTokenizerName } from "@dtok/image";
import { createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { describe, expect, it } from "vitest";

describe.each([
  ["onnxruntime-node", createRuntime],
  ["onnxruntime-web", createWebRuntime],
] as const)("on %s", (_, open) => {
  it.each(Object.keys(plugins) as ImageTokenizerName[])("%s passes", async (name) => {
    const runtime = await open();
    const codec: Codec<ImageSignal> = await loadImageTokenizer(name, { runtime });
    const whole = await readImage(new URL("../../../samples/cat.jpg", import.meta.url));
    const part = (width: number, height: number): ImageSignal => {
      const data = new Uint8Array(width * height * 3);
      for (let y = 0; y < height; y++) {
        const from = y * whole.width * 3;
        data.set(whole.data.subarray(from, from + width * 3), y * width * 3);
      }
      return { data, width, height, channels: 3 };
    };
    const results = await checkCodec(codec, [part(64, 48), part(71, 50), part(1, 1)], {
      sameExtent: (a, b) => a.width === b.width && a.height === b.height,
    });
    const failed = results.filter(({ status }) => status === "fail");
    expect(failed).toEqual([]);
    expect(results.map(({ name: check }) => check)).toEqual(codecCheckNames);
    await runtime.close();
  });
});
