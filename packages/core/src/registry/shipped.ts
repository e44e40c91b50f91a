import { ArgumentError } from "../errors/index.js";

/**
 * What a package ships under a name, with or without its modality: "photo-8x" or "image/photo-8x".
 *
 * @param what in words, for the error: "image tokenizer"
 * @throws ArgumentError that lists the names
 */
export function shippedAs<T extends Readonly<Record<string, unknown>>>(
  shipped: T,
  modality: string,
  name: string,
  what = `${modality} tokenizer`,
): T[keyof T] {
  const short = name.startsWith(`${modality}/`) ? name.slice(modality.length + 1) : name;
  if (Object.hasOwn(shipped, short)) return shipped[short as keyof T];
  throw new ArgumentError(what, {
    expected: `one of ${Object.keys(shipped).join(", ")}`,
    got: JSON.stringify(name),
    remedy: "Choose one of these, or load a plugin of your own by its load().",
  });
}
