// Puts the pinned pnpm on PATH, installs the workspace, then runs one job: `start` or `test`.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [job, ...rest] = process.argv.slice(2);
const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const pinned = /^pnpm@([^+]+)/.exec(packageManager)[1];
const env = {
  ...process.env,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  npm_config_update_notifier: "false",
};
const options = { cwd: root, env, shell: process.platform === "win32" };

function run(command, ...args) {
  const { status, signal, error } = spawnSync(command, args, { ...options, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(signal ? 1 : (status ?? 1));
}

const found = spawnSync("pnpm", ["--version"], { ...options, encoding: "utf8" });
if (found.status !== 0 || found.stdout.trim() !== pinned) {
  if (env.PNPM_BOOTSTRAPPED) throw new Error(`pnpm ${pinned} could not be started`);
  env.PNPM_BOOTSTRAPPED = "1";
  run("npx", "--yes", `--package=pnpm@${pinned}`, "--", "node", "scripts/bootstrap.mjs", job, ...rest);
  process.exit(0);
}

run("pnpm", "install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only", "--loglevel=warn");
if (job === "start") {
  run(
    "pnpm",
    "exec",
    "turbo",
    "run",
    "build",
    "--filter=pagetier...",
    "--filter=@pagetier/bench...",
    "--output-logs=errors-only",
  );
  run("node", "scripts/demo.mjs", ...rest);
} else {
  run("pnpm", "exec", "biome", "ci", ".");
  run("pnpm", "exec", "turbo", "run", "build", "typecheck", "--output-logs=errors-only");
  run("node", "tooling/tidy/src/cli.mjs");
  run("pnpm", "exec", "vitest", "run", ...rest);
}
