import { checkCodec } from "@dtok/conformance";
import { createModelReader, createRuntime, createWebRuntime } from "@dtok/runtime/node";
import { expect, it } from "vitest";
import { dct16x } from "./index.js";

const readFile = createModelReader(new URL("../models/", import.meta.url), dct16x.manifest);
it.each([createRuntime, createWebRuntime])("passes the conformance checks, %s", async (open) => {
  const codec = await dct16x.load({ runtime: await open(), readFile });
  const day = Float32Array.from({ length: 100 }, (_, i) => 0.6 * Math.sin(i / 15) + 0.2);
  const back = await codec.decode(await codec.encode(day));
  expect(Math.max(...back.map((x, i) => Math.abs(x - day[i]!)))).toBeLessThan(0.15);
  const results = await checkCodec(codec, [day], { sameExtent: (a, b) => a.length === b.length });
  expect(results.filter(({ status }) => status === "fail")).toEqual([]);
});
