import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { readGraphFile } from "./file.js";

const folder = mkdtempSync(join(tmpdir(), "dtok-graph-"));
afterAll(() => rmSync(folder, { recursive: true }));
const text = "cat\tis a\tmammal\ndog\tis a\tmammal\n";
const path = join(folder, "a graph.tsv");
writeFileSync(path, text);

test("a path and its file: URL are the same graph", async () => {
  const [one, other] = [await readGraphFile(path), await readGraphFile(pathToFileURL(path))];
  expect(one.graph.nodes).toEqual(["cat", "dog", "mammal"]);
  expect([other.graph.nodes, other.graph.out]).toEqual([one.graph.nodes, one.graph.out]);
});

test("an address, packed or not; one that is not there says so", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/graph.tsv.gz?v=1") response.end(gzipSync(text));
    else if (request.url === "/graph.tsv") response.end(text);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect((await readGraphFile(`${base}/graph.tsv`)).graph.edges).toBe(2);
    expect((await readGraphFile(new URL(`${base}/graph.tsv.gz?v=1`))).graph.edges).toBe(2);
    await expect(readGraphFile(`${base}/none.tsv`)).rejects.toMatchObject({
      code: "argument",
      got: "HTTP status 404",
    });
  } finally {
    server.close();
  }
});

test("what is not there, or of no format, is a typed error", async () => {
  await expect(readGraphFile(join(folder, "none.tsv"))).rejects.toMatchObject({ code: "argument" });
  await expect(readGraphFile(join(folder, "graph.doc"))).rejects.toMatchObject({
    code: "argument",
  });
});
