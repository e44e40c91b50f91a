import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Options } from "tsup";

const tooling = resolve("..", "..", "tooling");

/** The one build of every published package: ESM with types, nothing bundled in from outside. */
export function preset(entry: string[] | Record<string, string>): Options {
  return {
    entry,
    format: ["esm"],
    target: "es2022",
    dts: false,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: false,
    onSuccess: async () => writeDeclarations(Object.values(entry)),
  };
}

/**
 * Declarations of all that the entries reach, file by file under dist/ as under src/, against the built
 * declarations of other packages. By the native compiler: tsup's own way takes ten times as long.
 */
function writeDeclarations(entries: readonly string[]): void {
  const folder = join("node_modules", ".cache");
  const config = join(folder, "declarations.json");
  mkdirSync(folder, { recursive: true });
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    customConditions: ["node"],
    rootDir: resolve("src"),
    outDir: resolve("dist"),
  };
  const files = entries.map((file) => resolve(file));
  const base = join(tooling, "tsconfig", "base.json");
  // Of libraries without types.
  const include = [resolve("src", "**", "*.d.ts")];
  writeFileSync(config, JSON.stringify({ extends: base, compilerOptions, files, include }));
  const tsc = join(tooling, "typescript", "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", config], { stdio: "inherit" });
}
