import type { LoadContext, TokenizerPlugin } from "@dtok/core";
import { Catalogue } from "./catalogue/catalogue.js";
import type { ItemCodec } from "./codec/item-codec.js";

/** A tokenizer of items and the catalogue that it was trained on. */
export interface RecsysTokenizer {
  readonly codec: ItemCodec;
  /** IDs of the items it was trained on, ready for more. */
  readonly catalogue: Catalogue;
  close(): Promise<void>;
}

/** A plugin's codec with the catalogue among its files. */
export async function withCatalogue(
  { load }: TokenizerPlugin<string, "recsys">,
  context: LoadContext,
): Promise<RecsysTokenizer> {
  const codec = (await load(context)) as ItemCodec;
  const catalogue = Catalogue.load(await context.readFile("catalogue"));
  return { codec, catalogue, close: () => codec.close() };
}
