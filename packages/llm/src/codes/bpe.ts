/** Merges are in core, since actions of robots are shortened by the same ones. */
export { CodeBpe } from "@dtok/core";
export type { BpeOptions } from "@dtok/core";
