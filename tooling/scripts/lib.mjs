// Shared by the scripts that must run before anything is installed: Node.js' own modules only.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** npm sets npm_config_* for its children, which pnpm would read as its own settings. */
function cleanEnvironment(more) {
  const env = { ...process.env, ...more };
  for (const key of Object.keys(env)) {
    if (/^npm_(config|package|lifecycle|command|execpath|node_execpath)/i.test(key)) {
      // Registry and cache settings are the user's own and stay.
      if (
        !/^npm_config_(registry|cache|userconfig|globalconfig|cafile|proxy|https_proxy|noproxy|prefix)$/i.test(
          key,
        )
      ) {
        delete env[key];
      }
    }
  }
  return env;
}

export function run(command, args, { env = {}, quiet = false } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: cleanEnvironment(env),
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    encoding: "utf8",
    shell: process.platform === "win32",
    maxBuffer: 1 << 28,
  });
  if (result.error) {
    console.error(`${command} could not be started: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) {
    if (quiet) process.stderr.write((result.stdout ?? "") + (result.stderr ?? ""));
    if (result.signal) process.kill(process.pid, result.signal);
    process.exit(result.status ?? 1);
  }
  return result;
}

export function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`dtok needs Node.js >= 20.19; this is ${process.versions.node}.`);
    process.exit(1);
  }
}

/** The package manager at the version that package.json names, through npm: nothing to install by hand. */
export function pnpm(args, options) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return run("npx", ["--yes", packageManager, ...args], options);
}

export function install() {
  const fresh = !existsSync(join(root, "node_modules", ".modules.yaml"));
  console.log(
    fresh ? "Installing dependencies (about half a minute) …" : "Checking dependencies …",
  );
  pnpm(["install", "--frozen-lockfile", "--reporter=silent"], {
    quiet: true,
    env: { ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
}
