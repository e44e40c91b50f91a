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
import { findChromium, launch, serve } from "../../tooling/scripts/browser.mjs";
import { sizesOf } from "../../tooling/scripts/readme.mjs";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const chromium = findChromium("The page in a browser");
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
const modalities = ["image", "audio", "video", "graph", "motion", "recsys"];

process.once("SIGINT", () => {
  clean();
  process.exit(130);
});
try {
  const registry = await timed("registry", startRegistry());
  const environment = await environmentOf(registry);
  const { copy, published } = await timed("release", release(registry, environment));
  const alone = await timed("sizes", sizes(registry, environment, published));
  // Two at a time: more would only wait for the processor.
  await timed("programs", nodeProject(environment, copy, alone), pageProject(environment));
  await timed("plugins", plugins(environment));
} catch (error) {
  console.error(error.stdout ?? "", error.stderr ?? "");
  console.error(error);
  process.exitCode = 1;
} finally {
  clean();
}

async function timed(title, ...works) {
  const from = performance.now();
  const [first] = await Promise.all(works);
  console.log(`      ${title}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return first;
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
  return { url, npmrc, storage: join(folder, "storage") };
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
    // One cache for all projects: what it has is not asked for again.
    npm_config_prefer_offline: "true",
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
  return { copy, published: versions };
}

/**
 * Each package alone: what comes with it, and what must not. All are installed once; what one brings is what
 * npm's lock file says that it needs.
 *
 * @returns the names that come with each
 */
async function sizes({ storage }, env, published) {
  const folder = join(work, "all");
  await install(folder, env, ...published.keys());
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const alone = new Map();
  for (const name of published.keys()) {
    const places = closureOf(packages, name);
    const own = join(folder, "node_modules", name);
    const brought = [...places].map((place) => place.replace(/^.*node_modules\//, ""));
    alone.set(name, brought);
    if (name in budgets) {
      for (const modality of modalities.map((one) => `@dtok/${one}`)) {
        assert.ok(name === modality || !brought.includes(modality), `${name} without ${modality}`);
      }
      for (const other of ["@dtok/train", "@dtok/conformance"]) {
        assert.ok(!brought.includes(other), `${name} does not bring ${other}`);
      }
    }
    assert.ok(existsSync(join(own, "LICENSE")), `${name} has its licence`);
    const readme = readFileSync(join(own, "README.md"), "utf8");
    const installed = [...places].reduce((sum, at) => sum + sizeOf(join(folder, at)), 0) / 1e6;
    const packed = statSync(tarballOf(storage, published, name)).size / 1e6;
    console.log(
      `ok    ${name.padEnd(22)}${packed.toFixed(2).padStart(6)} MB packed, ${installed.toFixed(1).padStart(5)} installed (${(sizeOf(own) / 1e6).toFixed(1)} its own), ${places.size} packages`,
    );
    assert.ok(installed <= (budgets[name] ?? Infinity), `${name} is within ${budgets[name]} MB`);
    const says = sizesOf(readme, name);
    for (const [what, is] of [
      ["packed", packed],
      ["installed", installed],
    ]) {
      const close = Math.abs(says[what] - is) <= Math.max(0.1, 0.15 * is);
      assert.ok(close, `README of ${name}: ${says[what]} MB ${what}, but it is ${is.toFixed(2)}`);
    }
  }
  const { stdout } = await run("tar", ["-tzf", tarballOf(storage, published, "@dtok/bench")]);
  assert.doesNotMatch(stdout, /films(-seen)?\.(csv|txt)/, "MovieLens' data stay out");
  return alone;
}

function tarballOf(storage, published, name) {
  return join(storage, name, `${name.split("/").at(-1)}-${published.get(name)}.tgz`);
}

/** Places in node_modules of a package and of all that npm installs for it, by a lock file's packages. */
function closureOf(packages, name) {
  const places = new Set();
  const visit = (wanted, from) => {
    // As Node.js looks for it: beside who asks, then further up.
    let folder = from;
    let place;
    for (;;) {
      place = `${folder ? `${folder}/` : ""}node_modules/${wanted}`;
      if (place in packages || folder === "") break;
      folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1));
    }
    const found = packages[place];
    if (found === undefined || places.has(place)) return;
    places.add(place);
    const optionalPeers = found.peerDependenciesMeta ?? {};
    const peers = Object.keys(found.peerDependencies ?? {}).filter(
      (key) => !optionalPeers[key]?.optional,
    );
    for (const key of [
      ...Object.keys(found.dependencies ?? {}),
      ...Object.keys(found.optionalDependencies ?? {}),
      ...peers,
    ]) {
      visit(key, place);
    }
  };
  visit(name, "");
  return places;
}

/** The README's first lines, in a project that has only what they name. */
async function nodeProject(env, copy, alone) {
  const folder = join(work, "node");
  await install(folder, env, "@dtok/audio", "onnxruntime-node");
  const ours = alone.get("@dtok/audio").filter((name) => name.startsWith("@dtok/"));
  const there = readdirSync(join(folder, "node_modules", "@dtok")).map((name) => `@dtok/${name}`);
  assert.deepEqual(there.sort(), ours.sort(), "what comes with @dtok/audio");
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
  if (chromium === undefined) return;
  const served = await serve(join(folder, "dist"));
  const browser = await launch(chromium);
  try {
    const page = await browser.newPage();
    await page.goto(served.url);
    await page.waitForFunction(() => globalThis.outcome, undefined, { timeout: 60_000 });
    const outcome = await page.evaluate(() => globalThis.outcome);
    assert.deepEqual(outcome, { codes: [25, 12], length: 8000 });
  } finally {
    await browser.close();
    await served.close();
  }
  console.log("ok    a Vite page: @dtok/audio in Chromium");
}

/**
 * `npm create dtok-tokenizer`, and all that its README says. Both templates need the same packages (checked),
 * so that the second takes those which npm installed for the first.
 */
async function plugins(env) {
  const parent = join(work, "plugins");
  mkdirSync(parent, { recursive: true });
  const npm = (cwd, ...args) => run("npm", args, { cwd, env, maxBuffer: 1 << 26 });
  const templates = ["image", "series"];
  const needs = [];
  for (const template of templates) {
    const name = `my-${template}`;
    await npm(parent, "create", "--yes", "dtok-tokenizer", name, "--", "--template", template);
    const manifest = JSON.parse(readFileSync(join(parent, name, "package.json"), "utf8"));
    needs.push({ ...manifest.dependencies, ...manifest.devDependencies });
  }
  const [image, series] = templates.map((template) => join(parent, `my-${template}`));
  const { "@dtok/image": only, ...common } = needs[0];
  assert.ok(only, "the image template needs @dtok/image");
  assert.deepEqual(needs[1], common, "both templates need the same packages");
  await npm(image, "install", "--ignore-scripts", "--no-progress");
  symlinkSync(join(image, "node_modules"), join(series, "node_modules"));
  await Promise.all(
    templates.map(async (template) => {
      const folder = join(parent, `my-${template}`);
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
    }),
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

/** Bytes of a package's own files; packages below it are counted by themselves, absent optional ones not at all. */
function sizeOf(folder) {
  if (!existsSync(folder)) return 0;
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += entry.name === "node_modules" ? 0 : sizeOf(path);
    else if (entry.isFile()) sum += statSync(path).size;
  }
  return sum;
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
