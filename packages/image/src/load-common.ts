import { ArgumentError } from "@dtok/core";
import { plugins } from "./plugins.js";
import type { ImageTokenizerName } from "./plugins.js";

/** "photo-8x" or "image/photo-8x" to its plugin. */
export function pluginOf(name: string): (typeof plugins)[ImageTokenizerName] {
  const short = name.startsWith("image/") ? name.slice("image/".length) : name;
  if (Object.hasOwn(plugins, short)) return plugins[short as ImageTokenizerName];
  throw new ArgumentError("image tokenizer", {
    expected: `one of ${Object.keys(plugins).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}
