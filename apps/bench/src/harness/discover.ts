import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where a plugin package keeps its module and its model files. */
export interface PluginPackage {
  readonly name: string;
  /** Absolute path of the module that exports plugins. */
  readonly module: string;
  /** Absolute path of the folder of model files. */
  readonly models: string;
}

interface PackageJson {
  readonly name?: string;
  readonly dtok?: { readonly plugin?: unknown; readonly models?: unknown };
}

/**
 * A plugin package in a folder: its package.json says `"dtok": { "plugin": "./dist/index.js" }`, and
 * `"models"` where the model files are not in ./models.
 *
 * @throws Error that names the folder and what is missing
 */
export function pluginPackage(folder: string): PluginPackage {
  const path = join(resolve(folder), "package.json");
  if (!existsSync(path)) {
    throw new Error(`plugin ${folder}: expected a folder with a package.json; pass its path`);
  }
  let value: PackageJson;
  try {
    value = JSON.parse(readFileSync(path, "utf8")) as PackageJson;
  } catch (cause) {
    throw new Error(`plugin ${folder}: its package.json is not JSON`, { cause });
  }
  const plugin = value.dtok?.plugin;
  if (typeof plugin !== "string") {
    throw new Error(
      `plugin ${folder}: expected "dtok": { "plugin": "./dist/index.js" } in its package.json`,
    );
  }
  const module = resolve(dirname(path), plugin);
  if (!existsSync(module)) {
    throw new Error(`plugin ${folder}: ${plugin} is not there; build the package first`);
  }
  const models = typeof value.dtok?.models === "string" ? value.dtok.models : "models";
  return { name: value.name ?? folder, module, models: resolve(dirname(path), models) };
}

/** Folders of installed packages with a `dtok.plugin` in their package.json, in node_modules of `folder`. */
export function installedPlugins(folder: string): string[] {
  const modules = join(folder, "node_modules");
  if (!existsSync(modules)) return [];
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((n) => join(name, n)) : [name],
  );
  return packages
    .map((name) => join(modules, name))
    .filter((path) => {
      try {
        const text = readFileSync(join(path, "package.json"), "utf8");
        return typeof (JSON.parse(text) as PackageJson).dtok?.plugin === "string";
      } catch {
        return false; // what is no package is no plugin
      }
    })
    .sort();
}
