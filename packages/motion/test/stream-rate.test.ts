import { loadMotionTokenizer, sliceMotion } from "@dtok/motion/node";
import { expect, test } from "vitest";
import { walk } from "./make.js";

// A BVH's "Frame Time: 0.033333" is 30.0003 frames per second: frames wanted lie a hair after those recorded.
test("rates that are nearly whole: a stream's codes are the whole's", async () => {
  const tokenizer = await loadMotionTokenizer("human-vq");
  const motion = walk(120, 1 / 0.033333);
  const options = { embodiment: "human" } as const;
  const whole = await tokenizer.encode(motion, options);
  const stream = tokenizer.encodeStream(options);
  const codes: number[] = [];
  for (let at = 0; at < 120; at += 25) {
    for (const grid of await stream.push(sliceMotion(motion, at, Math.min(120, at + 25))))
      codes.push(...grid.codes.data);
  }
  for (const grid of await stream.flush()) codes.push(...grid.codes.data);
  await tokenizer.close();
  expect(codes).toEqual([...whole.codes.data]);
});
