/**
 * One entry in a process of its own: loads the plugin, runs the conformance checks, measures, and sends
 * what came of it. Whatever it does, the host goes on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkCodec } from "@dtok/conformance";
import type { Codec, ImageSignal, TokenizerPlugin } from "@dtok/core";
import { createRegistry } from "@dtok/core";
import { createModelReader, createRuntime } from "@dtok/runtime/node";
import type { Summary } from "./format.js";
import { conformanceSignals, measureCodec } from "./image.js";

export interface Job {
  readonly module: string;
  readonly models: string;
  readonly files: readonly string[];
  readonly modality: string;
}
export type Report =
  | { readonly id: string; readonly values: Readonly<Record<string, Summary>> }
  | { readonly id?: string; readonly error: string }
  | { readonly done: true };

const send = (report: Report) =>
  new Promise<void>((resolve) => process.send!(report, () => resolve()));
const words = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

process.once("message", (job: Job) => {
  void (async () => {
    try {
      await work(job);
    } catch (error) {
      await send({ error: words(error) });
    }
    await send({ done: true });
    process.exit(0);
  })();
});

async function work({ module, models, files, modality }: Job): Promise<void> {
  const exported = (await import(pathToFileURL(module).href)) as Record<string, unknown>;
  const plugins = pluginsOf(exported).filter((p) => p.manifest.modality === modality);
  if (plugins.length === 0) {
    await send({ error: `it exports no plugin of modality "${modality}"` });
    return;
  }
  const runtime = await createRuntime();
  const signals = await conformanceSignals(files[0]!);
  for (const plugin of plugins) {
    const { id } = plugin.manifest;
    try {
      const open = async (): Promise<Codec<ImageSignal>> => {
        const own = join(models, id.split("/")[1] ?? "");
        const folder = pathToFileURL(`${existsSync(own) ? own : models}/`);
        const registry = createRegistry([plugin], {
          context: (manifest) => ({ runtime, readFile: createModelReader(folder, manifest) }),
        });
        return (await registry.load(id)) as unknown as Codec<ImageSignal>;
      };
      const results = await checkCodec(await open(), signals, {
        sameExtent: (a, b) => a.width === b.width && a.height === b.height,
      });
      const bad = results.find(({ status }) => status === "fail");
      if (bad) {
        await send({ id, error: `conformance: ${JSON.stringify(bad)}` });
        continue;
      }
      const codec = await open();
      await send({ id, values: await measureCodec(codec, files) });
      await codec.close();
    } catch (error) {
      await send({ id, error: words(error) });
    }
  }
}

/** Plugins among a module's exports: single ones, lists and records of them; each id once. */
function pluginsOf(exported: Record<string, unknown>): TokenizerPlugin[] {
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
