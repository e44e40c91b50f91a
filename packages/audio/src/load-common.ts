import { ArgumentError } from "@dtok/core";
import type { Manifest } from "@dtok/core";
import { plugins } from "./plugins.js";
import type { AudioTokenizerName } from "./plugins.js";

/** "sound-16k" or "audio/sound-16k" to its plugin. */
export function pluginOf(name: string): (typeof plugins)[AudioTokenizerName] {
  const short = name.startsWith("audio/") ? name.slice("audio/".length) : name;
  if (Object.hasOwn(plugins, short)) return plugins[short as AudioTokenizerName];
  throw new ArgumentError("audio tokenizer", {
    expected: `one of ${Object.keys(plugins).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}

/** Folder of the model's files below models/: the tokenizer's name, or that of the one whose networks it shares. */
export function folderOf({ id, settings }: Manifest<"audio">): string {
  const shared = settings?.folder;
  return typeof shared === "string" ? shared : id.slice("audio/".length);
}
