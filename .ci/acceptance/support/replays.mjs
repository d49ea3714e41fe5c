// What the acceptance checks share: the data beside the repository, the command as a child process, one line per check.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
const bin = fileURLToPath(new URL("../../../apps/cli/bin/pagetier.mjs", import.meta.url));
const shared = fileURLToPath(new URL("../../../../shared/", import.meta.url));

/** Ends the check with a message, as passed, when the data beside the repository is absent. */
export function needSharedData() {
  if (existsSync(join(shared, "traces")) && existsSync(join(shared, "corpora"))) return;
  console.log("skip: there is no ../shared with traces and corpora beside the repository");
  process.exit(0);
}

export const trace = (name) => join(shared, "traces", `${name}.u32.zst`);
export const corpus = (name) => join(shared, "corpora", `${name}.pages.zst`);

let failures = 0;

/** Prints one line for a check, and what is wrong beneath it. */
export function report(name, wrong) {
  console.log(`${wrong.length === 0 ? "pass" : "FAIL"}  ${name}`);
  for (const line of wrong) console.log(`      ${line}`);
  if (wrong.length > 0) failures++;
}

/** Ends the process: status 1 if anything failed. */
export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}

/**
 * Runs `pagetier` with a private folder for temporary files.
 *
 * @returns how it ended: its document, what is wrong with how it ended, and (on Linux) the highest resident memory that
 *   the system saw
 */
export async function pagetier(args) {
  const temporary = mkdtempSync(join(tmpdir(), "pagetier-acceptance-"));
  const started = performance.now();
  const child = spawn(process.execPath, [bin, ...args, "--json"], {
    env: { ...process.env, TMPDIR: temporary, TMP: temporary, TEMP: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let highestBytes = 0;
  const watch = setInterval(() => {
    highestBytes = Math.max(highestBytes, highestResidentBytes(child.pid));
  }, 20);
  try {
    const [stdout, stderr, status] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal))),
    ]);
    const wrong = [];
    if (status !== 0) wrong.push(`exit status ${status}`);
    if (stderr !== "") wrong.push(`standard error: ${stderr.slice(0, 2000).trimEnd()}`);
    const left = readdirSync(temporary, { recursive: true });
    if (left.length > 0) wrong.push(`left behind: ${left.join(", ")}`);
    return {
      wrong,
      document: stdout === "" ? undefined : JSON.parse(stdout),
      seconds: (performance.now() - started) / 1000,
      highestBytes,
    };
  } finally {
    clearInterval(watch);
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The system's own high-water mark of a process's resident memory; 0 where it does not say. */
function highestResidentBytes(pid) {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}
