// Shared by the scripts that must run before anything is installed: Node.js' own modules only.
import { spawn, spawnSync } from "node:child_process";
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

function packageManager() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}

/** The package manager at the version that package.json names, through npm: nothing to install by hand. */
export function pnpm(args, options) {
  return run("npx", ["--yes", packageManager(), ...args], options);
}

/**
 * Several commands of pnpm at once; one alone writes as it goes, several when they are done. The first
 * that fails ends the others and this process.
 */
export async function pnpmTogether(commands) {
  if (commands.length === 1) return void pnpm(commands[0]);
  const children = [];
  await Promise.all(
    commands.map(
      (args) =>
        new Promise((resolve) => {
          // A group of its own, so that what it started ends with it.
          const child = spawn("npx", ["--yes", packageManager(), ...args], {
            cwd: root,
            env: cleanEnvironment({}),
            stdio: ["ignore", "pipe", "pipe"],
            shell: process.platform === "win32",
            detached: process.platform !== "win32",
          });
          children.push(child);
          const output = [];
          for (const stream of [child.stdout, child.stderr])
            stream.on("data", (d) => output.push(d));
          child.on("error", (error) => output.push(Buffer.from(`${error.message}\n`)));
          child.on("close", (status, signal) => {
            process.stdout.write(Buffer.concat(output));
            if (status === 0) return resolve();
            for (const other of children) stop(other);
            process.exit(status || (signal ? 130 : 1));
          });
        }),
    ),
  );
}

function stop(child) {
  if (child.exitCode !== null || child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid);
  } catch {
    // It has just ended.
  }
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
