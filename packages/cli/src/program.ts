import { readFileSync } from "node:fs";
import { Command } from "commander";
import { EXIT } from "./output.js";
import { addBench } from "./commands/bench.js";
import { addDecode } from "./commands/decode.js";
import { addDemo } from "./commands/demo.js";
import { addEncode } from "./commands/encode.js";
import { addEval } from "./commands/eval.js";
import { addInspect } from "./commands/inspect.js";
import { addList } from "./commands/list.js";
import { addTrain } from "./commands/train.js";
import { addGraph } from "./graph/index.js";
import { addLlm } from "./llm/index.js";
import { addMotion } from "./motion/index.js";
import { addRecsys } from "./recsys/index.js";
import { addDequantize, addFit, addQuantize } from "./commands/vectors.js";

export function createProgram(): Command {
  const { version } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  const program = new Command("dtok")
    .description("Media to discrete tokens and back.")
    .version(version)
    .showSuggestionAfterError()
    .exitOverride((error) => {
      // Commander exits with 1 on wrong usage; scripts can tell that from failed work by the code 2.
      process.exit(error.exitCode === 0 ? 0 : EXIT.usage);
    })
    .addHelpText(
      "after",
      `
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Examples:
  dtok encode photo.jpg -o photo.tokens.safetensors
  dtok decode photo.tokens.safetensors -o back.png
  dtok eval photo.jpg -d compare/`,
    );
  for (const add of [
    addEncode,
    addDecode,
    addInspect,
    addList,
    addEval,
    addTrain,
    addFit,
    addQuantize,
    addDequantize,
    addBench,
    addDemo,
    addGraph,
    addRecsys,
    addMotion,
    addLlm,
  ])
    add(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}
