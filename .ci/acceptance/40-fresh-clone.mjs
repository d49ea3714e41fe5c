// A newcomer's first minutes: clone, `npm start`, and again; once with the pnpm that is on the PATH, if there is one, and
// once without any. Only what is committed takes part.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { finish, report, root } from "./support/replays.mjs";

/** Promised for a first `npm start`; judged only where nothing else keeps the machine busy. */
const SECONDS_MAX = 120;
/** What says that the comparison ran and was verified. */
const PROOFS = [
  /file:.*reports.start\.html/,
  /none/,
  /simple/,
  /zswap/,
  /pages read back and equal.*all [\d,]+.*all [\d,]+.*all [\d,]+/,
];

const place = mkdtempSync(join(tmpdir(), "pagetier-clone-"));
try {
  const busy = loadavg()[0] > availableParallelism() / 2;
  const hasPnpm = spawnSync("pnpm", ["--version"]).status === 0;
  const paths = [["without pnpm", pathWithoutPnpm()]];
  if (hasPnpm) paths.unshift(["with pnpm", process.env.PATH]);
  for (const [name, path] of paths) {
    const clone = join(place, name.replace(" ", "-"));
    execFileSync("git", ["clone", "--quiet", "--no-local", root, clone]);
    for (const time of ["first", "second"]) {
      const started = performance.now();
      const { status, stdout, stderr } = spawnSync("npm", ["start"], {
        cwd: clone,
        env: cleanEnvironment(path),
        encoding: "utf8",
        timeout: 280_000,
        maxBuffer: 2 ** 26,
      });
      const seconds = (performance.now() - started) / 1000;
      const wrong = [];
      if (status !== 0) wrong.push(`exit status ${status}`);
      for (const proof of PROOFS) if (!proof.test(stdout ?? "")) wrong.push(`standard output lacks ${proof}`);
      if (wrong.length > 0) wrong.push(`${stdout}${stderr}`.slice(-3000));
      if (!busy && seconds > SECONDS_MAX) wrong.push(`took ${seconds.toFixed(0)} s, more than ${SECONDS_MAX} s`);
      const changed = execFileSync("git", ["status", "--porcelain"], { cwd: clone, encoding: "utf8" });
      if (changed !== "") wrong.push(`changed the clone: ${changed}`);
      report(
        `npm start in a fresh clone, ${name}, ${time} time (${seconds.toFixed(0)} s${busy ? ", busy" : ""})`,
        wrong,
      );
    }
    rmSync(clone, { recursive: true, force: true });
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
finish();

/** The environment without what npm, pnpm or a bootstrap around this check put into it. */
function cleanEnvironment(path) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|PNPM_|VITEST|NODE_ENV|INIT_CWD)/.test(name),
  );
  return { ...Object.fromEntries(inherited), PATH: path, CI: "true", NO_COLOR: "1" };
}

/** A PATH with everything on this one but pnpm, corepack's stand-in for it included. */
function pathWithoutPnpm() {
  const bin = join(place, "bin");
  mkdirSync(bin);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "" || folder.includes("node_modules") || !existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      if (/^(pnpm|pnpx|corepack)/.test(name) || existsSync(join(bin, name))) continue;
      try {
        symlinkSync(join(folder, name), join(bin, name));
      } catch {
        // A dangling link of the same name: it runs nothing anyway.
      }
    }
  }
  return bin;
}
