import { Option } from "commander";
import type { Command } from "commander";

export interface CommonOptions {
  readonly model: string;
  readonly runtime: "auto" | "web";
  readonly json: boolean;
}

export const DEFAULT_MODEL = "photo-8x";

/** Options of every command that runs a model. */
export function common(command: Command): Command {
  return command
    .option("-m, --model <name or folder>", "tokenizer, see `dtok list`", DEFAULT_MODEL)
    .addOption(
      new Option("--runtime <kind>", "web runs the WebAssembly build that browsers use")
        .choices(["auto", "web"])
        .default("auto"),
    )
    .option("--json", "results as JSON on standard output", false);
}
