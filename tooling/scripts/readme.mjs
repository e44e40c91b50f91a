import assert from "node:assert/strict";

/**
 * What every package's README says of its size and of where it runs, in one line:
 *
 *     Runs in Node.js (20.19 or newer) and in browsers. 2.1 MB packed, 7.9 MB installed …
 *
 * @returns megabytes of the tarball, and of all that npm installs with it
 */
export function sizesOf(text, name) {
  const line = /^Runs in (.+)\. ([\d.]+) MB packed, ([\d.]+) MB installed/m.exec(text);
  assert.ok(line, `README of ${name}: a line "Runs in …. <n> MB packed, <n> MB installed …"`);
  assert.match(line[1], /Node\.js/, `README of ${name}: where it runs`);
  assert.match(text, /^```(ts|js|console|sh)\n/m, `README of ${name}: an example`);
  return { packed: Number(line[2]), installed: Number(line[3]) };
}
