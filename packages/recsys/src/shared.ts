export { formatId, idTokens, levelName, parseId } from "./ids/print.js";
export { PrefixTrie, buildTrie } from "./ids/trie.js";
export type { TriePosition } from "./ids/trie.js";
