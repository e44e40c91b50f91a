#!/usr/bin/env node
import { report, watchSignals } from "./output.js";
import { createProgram } from "./program.js";

watchSignals();
try {
  await createProgram().parseAsync();
} catch (error) {
  report(error, process.argv.includes("--json"));
}
