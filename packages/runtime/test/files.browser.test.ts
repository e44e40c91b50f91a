// Fetched model files in Cache Storage, in a real browser. What fetching itself does when servers
// fail is the same code as in Node.js, and tested there.
import type { Manifest } from "@dtok/core";
import { beforeEach, expect, test } from "vitest";
import { createModelReader, openModelFolder } from "../src/index.browser.js";
import type { ReadProgress } from "../src/index.browser.js";
import { digest } from "../src/files/sha256.js";

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255);
const sha256 = await digest(bytes);
const manifest: Manifest = {
  format: "dtok-manifest-1",
  id: "image/toy",
  modality: "image",
  version: "1.0.0",
  description: "",
  quantizer: "fsq:8,5",
  codebookSizes: [40],
  stride: [8, 8],
  files: { encoder: { path: "onnx/encoder.onnx", bytes: bytes.length, sha256 } },
  settings: {},
  licences: { code: "MIT", weights: "MIT", data: "none" },
};

const coded = (code: string) => expect.objectContaining({ code });

/** A server of one answer that keeps count, in place of the network. */
function server(answer: () => Response) {
  const asked: string[] = [];
  const fetch = async (url: unknown) => {
    asked.push(String(url));
    return answer();
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
}
const good = () => new Response(bytes.slice());

beforeEach(async () => {
  for (const name of await caches.keys()) await caches.delete(name);
});

test("fetched once, with progress, then kept across readers", async () => {
  const { asked, fetch } = server(good);
  const seen: ReadProgress[] = [];
  const first = createModelReader("/models/toy", manifest, {
    fetch,
    onProgress: (p) => seen.push(p),
  });
  expect(await digest(await first("encoder"))).toBe(sha256);
  expect(asked).toEqual([new URL("/models/toy/onnx/encoder.onnx", location.href).href]);
  expect(seen.at(-1)).toEqual({
    file: "onnx/encoder.onnx",
    bytes: bytes.length,
    total: bytes.length,
  });

  // From another address, without asking: what counts is the hash.
  const second = createModelReader("https://models.invalid/toy/", manifest, { fetch });
  expect(await digest(await second("encoder"))).toBe(sha256);
  expect(asked).toHaveLength(1);
  const off = createModelReader("/models/toy", manifest, { fetch, cache: false });
  await off("encoder");
  expect(asked).toHaveLength(2);
});

test("a kept file that was damaged is fetched again", async () => {
  const { asked, fetch } = server(good);
  await createModelReader("/models/toy", manifest, { fetch })("encoder");
  const [name] = await caches.keys();
  const cache = await caches.open(name as string);
  const [key] = await cache.keys();
  const damaged = bytes.slice();
  damaged[1000]! ^= 1;
  await cache.put(key as Request, new Response(damaged));
  const again = await createModelReader("/models/toy", manifest, { fetch })("encoder");
  expect(await digest(again)).toBe(sha256);
  expect(asked).toHaveLength(2);
});

test("bytes of another hash are refused and not kept", async () => {
  const { fetch } = server(() => new Response(bytes.map((byte) => byte ^ 1)));
  const read = createModelReader("/models/toy", manifest, { fetch });
  await expect(read("encoder")).rejects.toEqual(coded("integrity"));
  for (const name of await caches.keys()) {
    expect(await (await caches.open(name)).keys()).toEqual([]);
  }
});

test("a manifest pinned by its hash, relative to the page", async () => {
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const { asked, fetch } = server(() => new Response(text));
  const folder = await openModelFolder("models/toy", {
    fetch,
    manifestSha256: await digest(text),
  });
  expect(folder.manifest.id).toBe("image/toy");
  expect(asked[0]).toBe(new URL("models/toy/manifest.json", location.href).href);
  const wrong = openModelFolder("models/toy", { fetch, manifestSha256: sha256 });
  await expect(wrong).rejects.toEqual(coded("integrity"));
});
