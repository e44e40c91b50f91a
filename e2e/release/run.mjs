// A release in full, against a registry on this machine: versions by changesets, build, publish; then what
// users do: one modality alone, a page, a plugin from the template. `node e2e/release/run.mjs`; the
// packages must be built.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const work = mkdtempSync(join(tmpdir(), "dtok-release-"));
const run = promisify(execFile);
const closing = [];
/** What each package may weigh with all that comes with it, without an ONNX runtime (MB on disk). */
const budgets = {
  "@dtok/core": 4,
  "@dtok/image": 12,
  "@dtok/audio": 40,
  "@dtok/video": 30,
  "@dtok/graph": 12,
  "@dtok/motion": 40,
  "@dtok/recsys": 16,
  "@dtok/llm": 6,
};

process.once("SIGINT", () => {
  clean();
  process.exit(130);
});
try {
  const registry = await startRegistry();
  const environment = await environmentOf(registry);
  const copy = await release(registry, environment);
  await sizes(environment);
  await Promise.all([nodeProject(environment, copy), pageProject(environment)]);
  await Promise.all(["image", "series"].map((template) => plugin(environment, template)));
} catch (error) {
  console.error(error.stdout ?? "", error.stderr ?? "");
  console.error(error);
  process.exitCode = 1;
} finally {
  clean();
}

function clean() {
  for (const close of closing.splice(0)) close();
  rmSync(work, { recursive: true, force: true });
}

/** Verdaccio: ours stay here, everything else comes from the registry that npm is set to. */
async function startRegistry() {
  const { stdout } = await run("npm", ["config", "get", "registry"], { cwd: root });
  const port = await freePort();
  const folder = join(work, "registry");
  mkdirSync(folder);
  const own = { access: "$all", publish: "$authenticated" };
  const names = ["@dtok/*", "dtok", "create-dtok-tokenizer"];
  const config = {
    storage: join(folder, "storage"),
    auth: { htpasswd: { file: join(folder, "htpasswd") } },
    uplinks: { upstream: { url: stdout.trim(), maxage: "60m", timeout: "60s" } },
    packages: {
      ...Object.fromEntries(names.map((name) => [name, own])),
      "**": { access: "$all", proxy: "upstream" },
    },
    max_body_size: "100mb",
    log: { type: "stdout", format: "pretty", level: "error" },
  };
  // YAML takes JSON.
  writeFileSync(join(folder, "config.yaml"), JSON.stringify(config));
  const bin = join(dirname(fileURLToPath(import.meta.resolve("verdaccio/package.json"))), "bin");
  const child = spawn(
    process.execPath,
    [
      join(bin, "verdaccio"),
      "--config",
      join(folder, "config.yaml"),
      "--listen",
      `127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: "ignore" },
  );
  closing.push(() => child.kill());
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error("the registry did not start");
    const response = await fetch(`${url}-/ping`).catch(() => undefined);
    if (response?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const answer = await fetch(`${url}-/user/org.couchdb.user:release`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "release", password: "only-for-this-run" }),
  });
  const { token } = await answer.json();
  assert.ok(token, "the registry gives a token");
  const npmrc = join(work, "npmrc");
  writeFileSync(npmrc, `registry=${url}\n${url.slice("http:".length)}:_authToken=${token}\n`);
  return { url, npmrc };
}

/** npm and pnpm on the local registry, and nothing of this run's own settings. */
async function environmentOf({ url, npmrc }) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key)),
  );
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  // changesets publishes by the `pnpm` that it finds.
  const found = await run("npx", ["--yes", "--package", packageManager, "-c", "command -v pnpm"], {
    cwd: root,
    env,
  });
  const shims = join(work, "bin");
  mkdirSync(shims);
  symlinkSync(found.stdout.trim(), join(shims, "pnpm"));
  return {
    ...env,
    PATH: `${shims}${delimiter}${env.PATH}`,
    npm_config_userconfig: npmrc,
    npm_config_registry: url,
    npm_config_cache: join(work, "cache"),
    npm_config_fund: "false",
    npm_config_audit: "false",
    npm_config_update_notifier: "false",
    ONNXRUNTIME_NODE_INSTALL: "skip",
  };
}

/** `changeset version`, build of what holds versions, `changeset publish`, in a copy of the repository. */
async function release(registry, env) {
  const copy = join(work, "repository");
  const { stdout } = await run(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: root,
      maxBuffer: 1 << 26,
    },
  );
  for (const file of stdout.split("\0").filter((name) => name && existsSync(join(root, name)))) {
    cpSync(join(root, file), join(copy, file));
  }
  const published = [];
  for (const parent of ["packages", "apps", "examples", "tooling", "e2e", "."]) {
    for (const entry of readdirSync(join(root, parent))) {
      const from = join(root, parent, entry);
      if (entry === "node_modules" || !existsSync(join(from, "package.json"))) continue;
      const {
        name,
        private: hidden,
        files = ["dist"],
      } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
      // All that a build makes, which git does not list: dist, templates, samples.
      for (const file of files.filter((path) => existsSync(join(from, path)))) {
        cpSync(join(from, file), join(copy, parent, entry, file), { recursive: true });
      }
      if (hidden) continue;
      assert.ok(existsSync(join(from, "dist")), `${name} is built: run pnpm build first`);
      published.push({ name, folder: join(copy, parent, entry) });
    }
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const git = (...args) =>
    run("git", ["-c", "user.name=release", "-c", "user.email=release@localhost", ...args], {
      cwd: copy,
    });
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-q", "-m", "before the release");

  const changeset = join(root, "node_modules", "@changesets", "cli", "bin.js");
  const changesets = (...args) =>
    run(process.execPath, [changeset, ...args], { cwd: copy, env, maxBuffer: 1 << 26 });
  await changesets("version");
  const versions = new Map();
  for (const { name, folder } of published) {
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    assert.notEqual(version, "0.0.0", `${name} has a changeset`);
    assert.match(readFileSync(join(folder, "CHANGELOG.md"), "utf8"), new RegExp(`## ${version}`));
    versions.set(name, version);
  }
  // What pnpm install would link: pnpm writes the versions of these in the place of workspace:^, and the
  // templates hold them.
  const folderOf = new Map(published.map(({ name, folder }) => [name, folder]));
  const examples = ["plugin-template", "plugin-template-image"];
  for (const folder of [
    ...folderOf.values(),
    ...examples.map((name) => join(copy, "examples", name)),
  ]) {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    );
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (!folderOf.has(name)) continue;
      const link = join(folder, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(folderOf.get(name), link);
    }
  }
  const creator = folderOf.get("create-dtok-tokenizer");
  await run(process.execPath, [join(creator, "scripts", "templates.mjs")]);

  await changesets("publish");
  for (const [name, version] of versions) {
    const answer = await fetch(`${registry.url}${name.replace("/", "%2f")}`);
    const { "dist-tags": tags, versions: known } = await answer.json();
    assert.equal(tags?.latest, version, `${name} is published`);
    const manifest = known[version];
    for (const list of [manifest.dependencies, manifest.peerDependencies]) {
      for (const [key, range] of Object.entries(list ?? {})) {
        assert.doesNotMatch(range, /^workspace:/, `${name} on ${key}`);
      }
    }
  }
  console.log(`ok    published ${versions.size} packages by changesets`);
  return copy;
}

/** Each package alone: what comes with it, and what must not. */
async function sizes(env) {
  const modalities = ["image", "audio", "video", "graph", "motion", "recsys"];
  const measure = async ([name, budget]) => {
    const folder = join(work, "size", name);
    await install(folder, env, name);
    const modules = join(folder, "node_modules");
    const own = readdirSync(join(modules, "@dtok"));
    for (const modality of modalities) {
      if (name === `@dtok/${modality}`) continue;
      assert.ok(!own.includes(modality), `${name} does not bring @dtok/${modality}`);
    }
    for (const other of ["train", "conformance"]) {
      assert.ok(!own.includes(other), `${name} does not bring @dtok/${other}`);
    }
    const licence = join(modules, name, "LICENSE");
    assert.ok(existsSync(licence), `${name} has its licence`);
    assert.ok(existsSync(join(modules, name, "README.md")), `${name} has a README`);
    const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
    const size = sizeOf(modules) / 1e6;
    const alone = sizeOf(join(modules, name)) / 1e6;
    console.log(
      `ok    ${name.padEnd(14)}${size.toFixed(1).padStart(6)} MB on disk (${alone.toFixed(1)} its own), ${Object.keys(packages).length - 1} packages`,
    );
    assert.ok(size <= budget, `${name} is within ${budget} MB`);
  };
  const all = Object.entries(budgets);
  for (let i = 0; i < all.length; i += 4) await Promise.all(all.slice(i, i + 4).map(measure));
}

/** The README's first lines, in a project that has only what they name. */
async function nodeProject(env, copy) {
  const folder = join(work, "node");
  await install(folder, env, "@dtok/audio", "onnxruntime-node");
  writeFileSync(
    join(folder, "main.mjs"),
    `import { loadAudioTokenizer } from "@dtok/audio";
const tokenizer = await loadAudioTokenizer();
const samples = Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 12));
const grid = await tokenizer.encode({ samples: [samples], sampleRate: 16000 });
const back = await tokenizer.decode(grid);
await tokenizer.close();
console.log(JSON.stringify({ codes: grid.codes.shape, length: back.samples[0].length }));
`,
  );
  const { stdout } = await run(process.execPath, ["main.mjs"], { cwd: folder, env });
  const { codes, length } = JSON.parse(stdout);
  assert.deepEqual(codes, [50, 12]);
  assert.equal(length, 16000);
  console.log("ok    Node.js: @dtok/audio tokenizes a second of sound");

  const command = join(work, "command");
  await install(command, env, "dtok");
  const dtok = (...args) =>
    run(process.execPath, [join(command, "node_modules", "dtok", "bin", "dtok.js"), ...args], {
      cwd: command,
      env,
    });
  await dtok("encode", join(copy, "samples", "cat.jpg"), "-o", "cat.tokens.safetensors");
  await dtok("decode", "cat.tokens.safetensors", "-o", "back.png");
  assert.ok(statSync(join(command, "back.png")).size > 10_000);
  console.log("ok    the command: a photograph to tokens and back");
}

/** A page by Vite, with @dtok/audio from the registry, in Chromium where there is one. */
async function pageProject(env) {
  const folder = join(work, "page");
  await install(folder, env, "@dtok/audio", "onnxruntime-web", "vite");
  writeFileSync(join(folder, "index.html"), '<script type="module" src="/main.js"></script>\n');
  writeFileSync(
    join(folder, "main.js"),
    `import { loadAudioTokenizer } from "@dtok/audio";
const run = async () => {
  const tokenizer = await loadAudioTokenizer();
  const samples = Float32Array.from({ length: 8000 }, (_, i) => 0.3 * Math.sin(i / 12));
  const grid = await tokenizer.encode({ samples: [samples], sampleRate: 16000 });
  const back = await tokenizer.decode(grid);
  return { codes: grid.codes.shape, length: back.samples[0].length };
};
globalThis.outcome = run().catch((error) => ({ error: String(error?.stack ?? error) }));
`,
  );
  await run(process.execPath, [join("node_modules", "vite", "bin", "vite.js"), "build"], {
    cwd: folder,
    env,
  });
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.log("skip  the page in a browser: no Chromium found (set CHROMIUM_PATH)");
    if (process.env.DTOK_REQUIRE_BROWSER) throw new Error("a browser was required");
    return;
  }
  const port = await freePort();
  const server = spawn(
    process.execPath,
    [
      join("node_modules", "vite", "bin", "vite.js"),
      "preview",
      "--port",
      String(port),
      "--host",
      "127.0.0.1",
      "--strictPort",
    ],
    { cwd: folder, env, stdio: "ignore" },
  );
  closing.push(() => server.kill());
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
  });
  try {
    const page = await browser.newPage();
    const url = `http://127.0.0.1:${port}/`;
    for (let tries = 0; !(await fetch(url).catch(() => undefined))?.ok; tries++) {
      assert.ok(tries < 100, "the page is served");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await page.goto(url);
    await page.waitForFunction(() => globalThis.outcome, undefined, { timeout: 60_000 });
    const outcome = await page.evaluate(() => globalThis.outcome);
    assert.deepEqual(outcome, { codes: [25, 12], length: 8000 });
  } finally {
    await browser.close();
    server.kill();
  }
  console.log("ok    a Vite page: @dtok/audio in Chromium");
}

/** `npm create dtok-tokenizer`, and all that its README says. */
async function plugin(env, template) {
  const folder = join(work, "plugins", `my-${template}`);
  mkdirSync(dirname(folder), { recursive: true });
  const npm = (cwd, ...args) => run("npm", args, { cwd, env, maxBuffer: 1 << 26 });
  await npm(
    dirname(folder),
    "create",
    "--yes",
    "dtok-tokenizer",
    `my-${template}`,
    "--",
    "--template",
    template,
  );
  await npm(folder, "install", "--ignore-scripts");
  await npm(folder, "run", "model");
  await npm(folder, "test");
  await npm(folder, "run", "build");
  await run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", "."], {
    cwd: folder,
    env,
  });
  await npm(folder, "run", "bench", "--", "--only", "-o", "results.json");
  const { entries } = JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));
  assert.deepEqual(
    entries.map(({ id, status }) => [id, status]),
    [[`${template}/my-${template}`, "ok"]],
  );
  console.log(
    `ok    npm create dtok-tokenizer: the ${template} template tests, builds, types and benches`,
  );
}

async function install(folder, env, ...names) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--ignore-scripts", "--no-progress", ...names], {
    cwd: folder,
    env,
    maxBuffer: 1 << 26,
  });
}

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) return named;
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
  return (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}
