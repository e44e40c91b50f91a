import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Manifest } from "@dtok/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createModelReader, defaultCacheFolder, openModelFolder, safePath } from "../src/index.js";
import type { NodeReadOptions, ReadProgress } from "../src/index.js";

const hash = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const coded = (code: string) => expect.objectContaining({ code });
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);

/** As `toEqual(bytes)`, which takes its time over a hundred thousand numbers. */
const isTheFile = (got: Uint8Array) => got.length === bytes.length && hash(got) === hash(bytes);

const manifest: Manifest = {
  format: "dtok-manifest-1",
  id: "image/toy",
  modality: "image",
  version: "1.0.0",
  description: "",
  quantizer: "fsq:8,5",
  codebookSizes: [40],
  stride: [8, 8],
  files: { encoder: { path: "onnx/encoder.onnx", bytes: bytes.length, sha256: hash(bytes) } },
  settings: {},
  licences: { code: "MIT", weights: "MIT", data: "none" },
};
const withFile = (change: object): Manifest => ({
  ...manifest,
  files: { encoder: { ...(manifest.files["encoder"] as object), ...change } as never },
});

let root: string;
let cacheFolder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "dtok-files-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(root, "cache-"));
});

describe("a folder on disk", () => {
  let folder: string;
  beforeAll(async () => {
    // Characters that mean something in URLs.
    folder = join(root, "a model 100%25 #1?");
    await mkdir(join(folder, "onnx"), { recursive: true });
    await writeFile(join(folder, "onnx", "encoder.onnx"), bytes);
    await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  });

  test("by path, by file: URL, by each file's own address", async () => {
    for (const base of [
      folder,
      `${folder}/`,
      pathToFileURL(folder),
      `${pathToFileURL(folder).href}/`,
      () => pathToFileURL(join(folder, "onnx", "encoder.onnx")),
      () => join(folder, "onnx", "encoder.onnx"),
    ]) {
      expect(await createModelReader(base, manifest)("encoder")).toSatisfy(isTheFile);
    }
  });

  test("opened by its manifest.json", async () => {
    const opened = await openModelFolder(folder);
    expect(opened.manifest).toEqual(manifest);
    expect(await opened.readFile("encoder")).toSatisfy(isTheFile);
    const pin = hash(JSON.stringify(manifest));
    await openModelFolder(folder, { manifestSha256: pin });
    await expect(openModelFolder(folder, { manifestSha256: hash("") })).rejects.toThrow(
      coded("integrity"),
    );
  });

  test.each<[string, Manifest, string]>([
    ["another hash", withFile({ sha256: hash("") }), "integrity"],
    ["fewer bytes than there are", withFile({ bytes: 99_999 }), "integrity"],
    ["more bytes than there are", withFile({ bytes: 100_001 }), "integrity"],
    ["a file that is not there", withFile({ path: "decoder.onnx" }), "missing"],
    ["a folder in place of a file", withFile({ path: "onnx" }), "missing"],
    ["a file in place of a folder", withFile({ path: "manifest.json/x" }), "missing"],
    ["a path upwards", withFile({ path: "../manifest.json" }), "integrity"],
    ["an absolute path", withFile({ path: "/etc/passwd" }), "integrity"],
    ["backslashes", withFile({ path: "..\\manifest.json" }), "integrity"],
    ["an escaped path upwards", withFile({ path: "%2e%2e/manifest.json" }), "integrity"],
    ["a NUL", withFile({ path: "onnx/encoder.onnx\0" }), "integrity"],
    ["an absurd size", withFile({ bytes: 2 ** 50 }), "limit"],
  ])("%s is refused", async (_, wrong, code) => {
    await expect(createModelReader(folder, wrong)("encoder")).rejects.toThrow(coded(code));
  });

  test("names that the manifest does not have", async () => {
    const read = createModelReader(folder, manifest);
    await expect(read("decoder")).rejects.toThrow(/expected one of encoder/);
    await expect(read("constructor")).rejects.toThrow(coded("argument"));
  });

  test("a folder without a manifest, with a broken one, with a huge one", async () => {
    const other = await mkdtemp(join(root, "other-"));
    await expect(openModelFolder(other)).rejects.toThrow(coded("missing"));
    await writeFile(join(other, "manifest.json"), "{");
    await expect(openModelFolder(other)).rejects.toThrow(coded("format"));
    await writeFile(join(other, "manifest.json"), " ".repeat(2 ** 20 + 1));
    await expect(openModelFolder(other)).rejects.toThrow(coded("limit"));
  });
});

describe("a web server", () => {
  let server: Server;
  let base: string;
  let requests: string[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const whole = (_: unknown, response: ServerResponse) => response.end(bytes);

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url as string);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/toy`;
  });
  beforeEach(() => {
    requests = [];
    answer = whole;
  });
  afterEach(() => server.closeAllConnections());
  afterAll(() => {
    server.close();
  });

  const read = (options: NodeReadOptions = {}, declared = manifest) =>
    createModelReader(base, declared, { cacheFolder, ...options })("encoder");

  test("fetched once, then kept, with progress", async () => {
    const seen: ReadProgress[] = [];
    expect(await read({ onProgress: (progress) => seen.push(progress) })).toSatisfy(isTheFile);
    expect(requests).toEqual(["/models/toy/onnx/encoder.onnx"]);
    expect(seen.at(-1)).toEqual({ file: "onnx/encoder.onnx", bytes: 100_000, total: 100_000 });
    const counts = seen.map((progress) => progress.bytes);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    answer = (_, response) => response.writeHead(500).end();
    expect(await read()).toSatisfy(isTheFile);
    expect(requests).toHaveLength(1);
    expect(await readdir(cacheFolder)).toEqual([hash(bytes)]);
  });

  test.each(["cut short", "altered", "grown"])(
    "a kept file that was %s is fetched anew",
    async (how) => {
      await read();
      const path = join(cacheFolder, hash(bytes));
      const damaged =
        how === "cut short"
          ? bytes.subarray(0, 500)
          : how === "altered"
            ? bytes.map((b, i) => (i === 5 ? b ^ 1 : b))
            : new Uint8Array(200_000);
      await writeFile(path, damaged);
      expect(await read()).toSatisfy(isTheFile);
      expect(requests).toHaveLength(2);
      expect(new Uint8Array(await readFile(path))).toSatisfy(isTheFile);
    },
  );

  test("many readers at once leave one whole file", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => read()));
    for (const result of results) expect(result).toSatisfy(isTheFile);
    expect(await readdir(cacheFolder)).toEqual([hash(bytes)]);
  });

  test("without a cache, or with one that cannot be written, it is fetched each time", async () => {
    await read({ cache: false });
    await read({ cache: false });
    expect(await readdir(cacheFolder)).toEqual([]);
    // A file where the folder should be.
    const blocked = join(cacheFolder, "file");
    await writeFile(blocked, "");
    expect(await read({ cacheFolder: join(blocked, "x") })).toSatisfy(isTheFile);
    expect(requests).toHaveLength(3);
  });

  test("what killed processes left behind is swept after a day", async () => {
    const old = join(cacheFolder, `${"0".repeat(64)}.123456.tmp`);
    const young = join(cacheFolder, `${"1".repeat(64)}.123456.tmp`);
    await writeFile(old, "x");
    await writeFile(young, "x");
    const before = Date.now() / 1000 - 2 * 24 * 3600;
    await utimes(old, before, before);
    await read();
    expect((await readdir(cacheFolder)).sort()).toEqual(
      [hash(bytes), `${"1".repeat(64)}.123456.tmp`].sort(),
    );
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ["a busy server", (response) => response.writeHead(503).end()],
    ["too many requests", (response) => response.writeHead(429, { "retry-after": "0" }).end()],
    ["a closed connection", (response) => response.destroy()],
    [
      "a transfer that breaks",
      (response) => {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 1000), () => response.destroy());
      },
    ],
    ["a transfer that ends early", (response) => response.end(bytes.subarray(0, 1000))],
  ])("%s is tried again", async (_, fail) => {
    answer = (request, response) =>
      requests.length === 1 ? fail(response) : whole(request, response);
    expect(await read()).toSatisfy(isTheFile);
    expect(requests).toHaveLength(2);
  });

  test("but not for ever", async () => {
    answer = (_, response) => response.writeHead(502).end();
    await expect(read({ attempts: 2 })).rejects.toThrow(/HTTP status 502, 2 times/);
    await expect(read({ attempts: 1 })).rejects.toThrow(coded("fetch"));
    expect(requests).toHaveLength(3);
  });

  test("a stalled transfer counts as broken", async () => {
    answer = (request, response) => {
      if (requests.length > 1) whole(request, response);
      else response.writeHead(200).write(bytes.subarray(0, 10));
    };
    expect(await read({ stallTimeout: 60 })).toSatisfy(isTheFile);
    expect(requests).toHaveLength(2);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    ["not found", (response) => response.writeHead(404).end("no"), "missing"],
    ["forbidden", (response) => response.writeHead(403).end("no"), "missing"],
    ["other bytes", (response) => response.end(bytes.map((b) => b ^ 1)), "integrity"],
    ["a longer file", (response) => response.end(new Uint8Array(100_001)), "integrity"],
    [
      "a longer file of unknown length",
      (response) => {
        response.write(bytes);
        response.end("x");
      },
      "integrity",
    ],
  ])("%s is final", async (_, send, code) => {
    answer = (_request, response) => send(response);
    await expect(read()).rejects.toThrow(coded(code));
    expect(requests).toHaveLength(1);
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  test("an endless answer ends at the declared size", async () => {
    let sent = 0;
    answer = (_, response) => {
      const more = () => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(new Uint8Array(65_536), more);
      };
      more();
    };
    await expect(read()).rejects.toThrow(/more than 100000 bytes/);
    server.closeAllConnections();
    // What the sockets' buffers take in, not what an endless stream would send.
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test("a compressed transfer may say its compressed length", async () => {
    const small = gzipSync(new Uint8Array(bytes.length));
    const zeros = new Uint8Array(bytes.length);
    answer = (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": small.length });
      response.end(small);
    };
    expect(await read({}, withFile({ sha256: hash(zeros) }))).toSatisfy(
      (got: Uint8Array) => hash(got) === hash(zeros),
    );
  });

  test("an abort ends waiting and fetching with the caller's reason", async () => {
    const reason = new Error("enough");
    await expect(read({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(requests).toHaveLength(0);

    const during = new AbortController();
    answer = (_, response) => {
      response.writeHead(200).write(bytes.subarray(0, 10));
    };
    await expect(
      read({ signal: during.signal, onProgress: () => during.abort(reason) }),
    ).rejects.toBe(reason);

    const between = new AbortController();
    answer = (_, response) => {
      response.writeHead(503, { "retry-after": "60" }).end();
      setTimeout(() => between.abort(reason), 20);
    };
    await expect(read({ signal: between.signal })).rejects.toBe(reason);
  });

  test("an error of the caller's own progress callback is the caller's", async () => {
    const mine = new RangeError("mine");
    await expect(
      read({
        onProgress: () => {
          throw mine;
        },
      }),
    ).rejects.toBe(mine);
    expect(requests).toHaveLength(1);
  });

  test("a folder is opened by its manifest.json", async () => {
    answer = (request, response) =>
      request.url?.endsWith("/manifest.json")
        ? response.end(JSON.stringify(manifest))
        : whole(request, response);
    const opened = await openModelFolder(`${base}/`, { cacheFolder });
    expect(opened.manifest.id).toBe("image/toy");
    expect(await opened.readFile("encoder")).toSatisfy(isTheFile);
    answer = (_, response) => response.end(new Uint8Array(2 ** 21));
    await expect(openModelFolder(base)).rejects.toThrow(coded("limit"));
  });

  test("nobody listens", async () => {
    const nowhere = createModelReader("http://127.0.0.1:1/x/", manifest, {
      cacheFolder,
      attempts: 1,
    });
    await expect(nowhere("encoder")).rejects.toThrow(coded("fetch"));
  });
});

test("the cache lies where the environment says", () => {
  const { DTOK_CACHE, XDG_CACHE_HOME } = process.env;
  try {
    process.env["DTOK_CACHE"] = "/a";
    process.env["XDG_CACHE_HOME"] = "/b";
    expect(defaultCacheFolder()).toBe("/a");
    delete process.env["DTOK_CACHE"];
    expect(defaultCacheFolder()).toBe(join("/b", "dtok"));
    process.env["XDG_CACHE_HOME"] = "";
    expect(defaultCacheFolder()).toMatch(/[/\\]\.cache[/\\]dtok$/);
  } finally {
    for (const [name, kept] of Object.entries({ DTOK_CACHE, XDG_CACHE_HOME })) {
      if (kept === undefined) delete process.env[name];
      else process.env[name] = kept;
    }
  }
});

test("safePath gives a good path back", () => {
  expect(safePath("a/b.onnx")).toBe("a/b.onnx");
  expect(() => safePath("a/../b")).toThrow(coded("integrity"));
});
