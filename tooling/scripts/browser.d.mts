/** What TypeScript uses of browser.mjs. */
export const chromiumArguments: string[];
export function findChromium(title: string): string | undefined;
