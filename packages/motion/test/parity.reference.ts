/** What Node.js makes of the walk of `make.ts`: `parity.browser.test.ts` compares. */
import { fitActions, loadMotionTokenizer } from "@dtok/motion/node";
import type { MotionTokenizerName } from "@dtok/motion/node";
import { walk } from "./make.js";
import { waves } from "./trajectories.js";

const name = process.argv[2] as MotionTokenizerName;
const tokenizer = await loadMotionTokenizer(name);
const grid = await tokenizer.encode(walk(90), { embodiment: "human" });
const { translation, rotations } = await tokenizer.decode(grid);
await tokenizer.close();
const fast = await fitActions("fast", waves(3, 100, 4));
console.log(
  JSON.stringify({
    codes: [...grid.codes.data],
    translation: [...translation],
    rotations: [...rotations],
    actions: [...fast.encode(waves(1, 100, 4)[0]!).codes.data],
  }),
);
