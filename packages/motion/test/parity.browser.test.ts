import {
  fitActions,
  loadMotionTokenizer,
  motionErrors,
  plugins,
  readBvh,
  renderMotionPage,
  writeBvh,
} from "@dtok/motion/web";
import type { MotionTokenizerName } from "@dtok/motion/web";
import { commands } from "vitest/browser";
import { expect, test } from "vitest";
import { walk } from "./make.js";
import { waves } from "./trajectories.js";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs a TypeScript file in Node.js (paths from the repository's root); its output. */
    runInNode(script: string, ...args: string[]): Promise<string>;
  }
}

interface Reference {
  readonly codes: readonly number[];
  readonly translation: readonly number[];
  readonly rotations: readonly number[];
  readonly actions: readonly number[];
}

test.each(Object.keys(plugins) as MotionTokenizerName[])(
  "%s: a browser's tokens are Node.js' tokens",
  async (name) => {
    const answer = await commands.runInNode("packages/motion/test/parity.reference.ts", name);
    const reference = JSON.parse(answer) as Reference;
    const tokenizer = await loadMotionTokenizer(name);
    const grid = await tokenizer.encode(walk(90), { embodiment: "human" });
    // Its decoder on Node.js' codes, so that a code that differs does not count twice.
    const codes = { data: Int32Array.from(reference.codes), shape: grid.codes.shape };
    const back = await tokenizer.decode({ ...grid, codes });
    await tokenizer.close();
    const equal = reference.codes.filter((code, i) => code === grid.codes.data[i]).length;
    expect(equal / reference.codes.length).toBeGreaterThanOrEqual(0.98);
    const node = {
      ...back,
      translation: Float32Array.from(reference.translation),
      rotations: Float32Array.from(reference.rotations),
    };
    // Millimetres.
    expect(motionErrors(node, back).globalMpjpe).toBeLessThan(0.5);

    const fast = await fitActions("fast", waves(3, 100, 4));
    const actions = [...fast.encode(waves(1, 100, 4)[0]!).codes.data];
    expect(actions).toEqual(reference.actions);
  },
);

test("a BVH goes through a browser, and the page of two motions draws", async () => {
  const motion = readBvh(writeBvh(walk(12)));
  const page = document.createElement("iframe");
  page.srcdoc = renderMotionPage(
    [
      { title: "one", motion },
      { title: "two", motion },
    ],
    "both",
  );
  const loaded = new Promise((resolve) => page.addEventListener("load", resolve));
  document.body.append(page);
  await loaded;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const canvases = [...page.contentDocument!.querySelectorAll("canvas")];
  expect(canvases.length).toBeGreaterThan(0);
  for (const canvas of canvases) {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    // More than one colour: something was drawn.
    expect(new Set(new Uint32Array(data.buffer)).size).toBeGreaterThan(1);
  }
  page.remove();
});
