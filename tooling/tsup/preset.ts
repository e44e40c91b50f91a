import type { Options } from "tsup";

/** The one build of every published package: ESM with types, nothing bundled in from outside. */
export function preset(entry: string[] | Record<string, string>, more: Options = {}): Options {
  return {
    entry,
    format: ["esm"],
    target: "es2022",
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: false,
    ...more,
  };
}
