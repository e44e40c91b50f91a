import { ArgumentError } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { plugins } from "./plugins.js";
import type { VideoTokenizerName } from "./plugins.js";

/** "clip-8x" or "video/clip-8x" to its plugin. */
export function pluginOf(name: string): (typeof plugins)[VideoTokenizerName] {
  const short = name.startsWith("video/") ? name.slice("video/".length) : name;
  if (Object.hasOwn(plugins, short)) return plugins[short as VideoTokenizerName];
  throw new ArgumentError("video tokenizer", {
    expected: `one of ${Object.keys(plugins).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}

/** Folder of a tokenizer's files: its name, or that of the tokenizer whose networks it uses. */
export function folderOf(manifest: Manifest<"video">): string {
  const { folder } = manifest.settings as { readonly folder?: string };
  return folder ?? manifest.id.slice("video/".length);
}
