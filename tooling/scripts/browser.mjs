// What all tests of real pages share: which Chromium, how it starts, a static server, and pages whose
// problems are collected.
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, extname, join, sep } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
/** Nothing of its own accord over the network; no sandbox, since containers rarely allow one. */
export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * $CHROMIUM_PATH, else a Chromium on the PATH; nothing is downloaded. Where there is none, `title` is skipped
 * in words: undefined. With $DTOK_REQUIRE_BROWSER (continuous integration) that ends the process as a failure.
 */
export function findChromium(title) {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, which is not an executable file.`);
  }
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
  if (found === undefined) {
    console.log(`${title} skipped: no Chromium found (set CHROMIUM_PATH).`);
    if (process.env.DTOK_REQUIRE_BROWSER) process.exit(1);
  }
  return found;
}

/** @param more arguments of the command line */
export async function launch(executablePath, more = []) {
  const { chromium } = await import("playwright");
  return chromium.launch({ executablePath, args: [...chromiumArguments, ...more] });
}

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
  ".jpg": "image/jpeg",
  ".png": "image/png",
  ".gif": "image/gif",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** The smallest static server; files come under their own types, as from any current server. */
export async function serve(folder, headers = {}) {
  const server = createServer((request, response) => {
    let path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    if (path.endsWith("/")) path += "index.html";
    const file = join(folder, path);
    if (!file.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(path === "/favicon.ico" ? 204 : 404).end();
      return;
    }
    const type = types[extname(path)] ?? "application/octet-stream";
    response.writeHead(200, { ...headers, "content-type": type });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

/** Errors of a page, answers that are none, and requests to elsewhere than `home`, as they come. */
export function problemsOf(page, home) {
  const problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("response", (r) => r.status() >= 400 && problems.push(`${r.status()} ${r.url()}`));
  page.on("request", (r) => {
    if (!/^(data|blob):/.test(r.url()) && !r.url().startsWith(home)) {
      problems.push(`a request to ${r.url()}`);
    }
  });
  return problems;
}
