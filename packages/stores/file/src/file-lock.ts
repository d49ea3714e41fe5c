// One process at a time: a file beside the store's, made with its content in one step, that names who holds it.
//
// The holder is named by host, process id and, where the system tells (Linux), the process's start time, so that a
// process id used again is not taken for the holder. The lock of a process that is gone is taken over; while that is
// done, a second file keeps others from doing the same. A lock from another host is respected: nobody here can know.
import fs from "node:fs";
import os from "node:os";
import { threadId } from "node:worker_threads";
import { TierError } from "@pagetier/base";

let drafts = 0;

/**
 * Takes the lock at `path`.
 *
 * @returns the function that releases it
 * @throws TierError STORE_OPEN when somebody else holds it; whatever the file system says otherwise
 */
export function takeLock(path: string): () => void {
  const me = `${process.pid}-${threadId}-${drafts++}`;
  const draft = `${path}.${me}`;
  const content = `${os.hostname()} ${process.pid} ${startOf(process.pid)} ${me}\n`;
  try {
    fs.writeFileSync(draft, content, { mode: 0o600 });
    while (!linkAs(draft, path) && !takeOver(draft, path)); // Ends, since a third party must act in each round.
  } finally {
    fs.rmSync(draft, { force: true });
  }
  return () => {
    // Somebody may have removed it by hand, and another process may have taken it since.
    if (fs.existsSync(path) && fs.readFileSync(path, "utf8") === content) fs.rmSync(path, { force: true });
  };
}

/** Replaces the lock at `path`, which is of a process that is gone. `false` when the lock itself has gone since. */
function takeOver(draft: string, path: string): boolean {
  if (!isStale(path)) return false;
  const guard = `${path}.takeover`;
  if (!linkAs(draft, guard)) {
    throw new TierError(
      "STORE_OPEN",
      `cannot open store file: another process is taking over ${path}; try again, or remove ${guard} if no process uses the store.`,
      { path: guard },
    );
  }
  try {
    // Looked at again under the guard. A stale lock is replaced by nobody else then, one that is gone may come back.
    if (!isStale(path)) return false;
    fs.renameSync(draft, path);
    return true;
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

/**
 * Whether the lock at `path` is of a process that is gone; `false` when there is no lock any more.
 *
 * @throws TierError STORE_OPEN when its holder lives
 */
function isStale(path: string): boolean {
  let content: string;
  try {
    content = fs.readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  const [host = "", pid = "", start = ""] = content.trim().split(" ");
  if (!/^[1-9]\d*$/.test(pid)) return true; // Nothing that we wrote, or lost in a crash of the machine.
  const here = host === os.hostname();
  if (here && !isRunning(Number(pid), start)) return true;
  const holder = here ? `process ${pid}` : `process ${pid} on host ${host}`;
  throw new TierError(
    "STORE_OPEN",
    `cannot open store file: ${holder} is using it; stop it, use another path, or remove ${path} if that process is gone.`,
    { path, pid: Number(pid), host },
  );
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return startOf(pid) === start || startOf(pid) === UNKNOWN;
}

const UNKNOWN = "-";

/** When a process started, in the system's own words; UNKNOWN where it does not tell. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields are counted behind the command's name, which may hold anything but ends with the last parenthesis.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

/** Gives `draft` the further name `path`, unless something has it: `false` then. */
function linkAs(draft: string, path: string): boolean {
  try {
    fs.linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
  }
  try {
    fs.copyFileSync(draft, path, fs.constants.COPYFILE_EXCL); // A file system without hard links.
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
