import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the committed WebAssembly is what its source compiles to", async () => {
  const script = fileURLToPath(new URL("../../../tooling/scripts/build-wasm.mjs", import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, [script, "--check"]);
  expect(stderr).toBe("");
}, 240_000);
