import { checkCodec } from "@dtok/conformance";
import type { ImageSignal } from "@dtok/core";
import { psnr } from "@dtok/image";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { expect, it } from "vitest";
import { dct8x } from "./index.js";

/** Waves of colour, of a size that no block divides. */
const [width, height] = [101, 67];
const wave = (i: number) =>
  127 + 90 * Math.sin(i / 3 / width / 9) * Math.cos((i % (width * 3)) / 40);
const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => wave(i));
const picture: ImageSignal = { data, width, height, channels: 3 };

const readFile = createModelReader(new URL("../models/", import.meta.url), dct8x.manifest);
it.each([createRuntime, createWebRuntime])("passes the conformance checks, %s", async (open) => {
  const codec = await dct8x.load({ runtime: await open(), readFile });
  expect(psnr(picture, await codec.decode(await codec.encode(picture)))).toBeGreaterThan(20);
  const results = await checkCodec(codec, [picture], {
    sameExtent: (a, b) => a.width === b.width && a.height === b.height,
  });
  expect(results.filter(({ status }) => status === "fail")).toEqual([]);
});
