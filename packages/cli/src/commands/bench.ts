import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MissingError } from "@dtok/core";
import type { Command } from "commander";
import { EXIT, interruption } from "../output.js";

/** The harness is a package of its own: whoever only tokenizes does not install it. */
export function addBench(program: Command): void {
  program
    .command("bench")
    .description("where a tokenizer or a plugin stands (needs @dtok/bench)")
    .helpOption(false)
    .allowUnknownOption()
    .argument("[options...]")
    .action(async (_: unknown, __: unknown, command: Command) => {
      const status = await new Promise<number>((resolve, reject) => {
        const child = spawn(process.execPath, [harness(), ...command.args], { stdio: "inherit" });
        const stop = () => child.kill("SIGINT");
        interruption.signal.addEventListener("abort", stop, { once: true });
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? EXIT.interrupted));
      });
      process.exitCode = status;
    });
}

/** The program of the @dtok/bench that is installed where the command runs, or beside the command. */
function harness(): string {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      const found = createRequire(from).resolve("@dtok/bench/package.json");
      return join(dirname(found), "bin", "dtok-bench.js");
    } catch {
      // Not there; the next place.
    }
  }
  throw new MissingError("benchmark harness", {
    expected: "the package @dtok/bench",
    got: "none",
    remedy: "Install it: npm install --save-dev @dtok/bench.",
  });
}
