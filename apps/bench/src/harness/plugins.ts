import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createRegistry } from "@dtok/core";
import type { Codec, ModelRuntime, TokenizerPlugin } from "@dtok/core";
import { createModelReader } from "@dtok/runtime/node";

/** Plugins among a module's exports: single ones, lists and records of them; each id once. */
export function pluginsOf(exported: Readonly<Record<string, unknown>>): TokenizerPlugin[] {
  const found = new Map<string, TokenizerPlugin>();
  const visit = (value: unknown, depth: number): void => {
    if (value === null || typeof value !== "object") return;
    const plugin = value as Partial<TokenizerPlugin>;
    if (typeof plugin.load === "function" && typeof plugin.manifest?.id === "string") {
      found.set(plugin.manifest.id, plugin as TokenizerPlugin);
    } else if (depth > 0) for (const inner of Object.values(value)) visit(inner, depth - 1);
  };
  for (const value of Object.values(exported)) visit(value, 1);
  return [...found.values()];
}

/** Values of a kind among a module's exports: single ones, and lists and records of them. */
export function exportsOf<T>(
  exported: Readonly<Record<string, unknown>>,
  is: (value: unknown) => value is T,
): T[] {
  return Object.values(exported)
    .flatMap((value) =>
      is(value) || value === null || typeof value !== "object" ? [value] : Object.values(value),
    )
    .filter(is);
}

/** A plugin's codec. Its files are in a folder of its own, or in one for all; the manifest may name it. */
export async function openCodec(
  plugin: TokenizerPlugin,
  models: string,
  runtime: ModelRuntime,
): Promise<Codec<unknown>> {
  const { id, settings } = plugin.manifest;
  const named = settings?.folder;
  const own = join(models, typeof named === "string" ? named : (id.split("/")[1] ?? ""));
  const folder = pathToFileURL(`${existsSync(own) ? own : models}/`);
  const registry = createRegistry([plugin], {
    context: (manifest) => ({ runtime, readFile: createModelReader(folder, manifest) }),
  });
  return (await registry.load(id)) as unknown as Codec<unknown>;
}
