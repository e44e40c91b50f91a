export * from "./shared.js";
export { loadRecsysTokenizer } from "./load.node.js";
export type { LoadRecsysOptions, RecsysTokenizer } from "./load.node.js";
export { openItems } from "./node/items.js";
export type { ItemFile, OpenItemsOptions } from "./node/items.js";
export { readInteractions } from "./node/interactions.js";
export type { InteractionFile, ReadInteractionsOptions } from "./node/interactions.js";
export { idsToParquet } from "./node/ids.js";
