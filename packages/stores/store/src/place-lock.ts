// One process at a time: a lock file beside a store's place, made with its content in one step, that names who holds it.
//
// The holder is named by host, process id and, where the system tells (Linux), the process's start time, so that a
// process id used again is not taken for the holder. A lock from another host is respected: nobody here can know.
//
// The lock of a process that is gone is taken over. Whoever wants to must first make a claim to be its successor: a file
// named after that very lock (`….after-ID`), of which there can be one. If the successor is gone as well, killed between
// its claim and the take-over, a claim to be *its* successor comes next, and so on. So at any instant at most one process
// may replace the lock, and a process killed at any instant leaves nothing that stands in the next one's way.
import fs from "node:fs";
import os from "node:os";
import { basename, dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import { TierError } from "@pagetier/base";

/** Takes after which a lock that is not readable counts as left by a crash; somebody may be writing it. */
const UNREADABLE_LOOKS = 10;
const UNREADABLE_LOOK_MS = 5;
const UNKNOWN = "-";

let locks = 0;

interface Holder {
  /** What the lock file says. */
  readonly content: string;
  readonly host: string;
  readonly pid: number;
  readonly start: string;
  /** Tells this lock from every other. */
  readonly id: string;
}

/**
 * Takes the lock at `path`, for a store that people call `place`.
 *
 * @returns the function that releases it
 * @throws TierError STORE_OPEN when somebody else holds it; whatever the file system says otherwise
 */
export function lockPlace(path: string, place: string): () => void {
  const me = `${process.pid}-${threadId}-${locks++}`;
  const draft = `${path}.${me}`;
  const start = startOf(process.pid);
  const content = `${os.hostname()} ${process.pid} ${start} ${me}-${start}\n`;
  try {
    fs.writeFileSync(draft, content, { mode: 0o600 });
    while (!linkAs(draft, path)) {
      const holder = holderOf(path);
      if (holder === undefined) continue; // Released since.
      refuseIfRunning(holder, path, place);
      if (succeed(holder, draft, path, place)) break;
    }
  } finally {
    fs.rmSync(draft, { force: true });
  }
  removeLeftovers(path);
  return () => {
    // Somebody may have removed it by hand, and another process may have taken it since.
    if (holderOf(path)?.content === content) fs.rmSync(path, { force: true });
  };
}

/** Replaces the lock of a process that is gone by `draft`. `false`: the lock has changed, look again. */
function succeed(gone: Holder, draft: string, path: string, place: string): boolean {
  let last = gone;
  for (;;) {
    const claim = `${path}.after-${last.id}`;
    if (linkAs(draft, claim)) {
      // Claims are removed after the lock has changed: as long as it has not, this one is the only one of its kind.
      const isSame = holderOf(path)?.content === gone.content;
      if (isSame) fs.renameSync(draft, path);
      fs.rmSync(claim, { force: true });
      return isSame;
    }
    const claimant = holderOf(claim);
    if (claimant === undefined) return false;
    refuseIfRunning(claimant, claim, place);
    last = claimant;
  }
}

/** Removes what processes left that were killed while they took the lock at `path`, which is ours. */
function removeLeftovers(path: string): void {
  const prefix = `${basename(path)}.`;
  try {
    for (const name of fs.readdirSync(dirname(path))) {
      if (!name.startsWith(prefix)) continue;
      const left = join(dirname(path), name);
      const rest = name.slice(prefix.length);
      // A claim is void by now, whoever made it; a draft is needed as long as its process runs.
      if (rest.startsWith("after-") || (/^\d+-\d+-\d+$/.test(rest) && isGone(holderOf(left)))) {
        fs.rmSync(left, { force: true });
      }
    }
  } catch {
    // They are in nobody's way.
  }
}

/** Who holds the lock at `path`; `undefined` when there is none any more. */
function holderOf(path: string): Holder | undefined {
  for (let looks = 1; ; looks++) {
    let content: string;
    try {
      content = fs.readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    const [host = "", pid = "", start = "", id = ""] = content.trim().split(" ");
    if (/^[1-9]\d*$/.test(pid) && /^[\w.-]+$/.test(id)) return { content, host, pid: Number(pid), start, id };
    // Nothing that we wrote, lost in a crash of the machine, or about to be written.
    if (looks >= UNREADABLE_LOOKS) return { content, host: os.hostname(), pid: 0, start: "", id: "unreadable" };
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, UNREADABLE_LOOK_MS);
  }
}

/** @throws TierError STORE_OPEN unless the holder is known to be gone */
function refuseIfRunning(holder: Holder, path: string, place: string): void {
  if (isGone(holder)) return;
  const { host, pid } = holder;
  const who = host === os.hostname() ? `process ${pid}` : `process ${pid} on host ${host}`;
  throw new TierError(
    "STORE_OPEN",
    `cannot open ${place}: ${who} is using it; stop it, use another path, or remove ${path} if that process is gone.`,
    { path, pid, host },
  );
}

/** Whether a process of this host is there no more; of other hosts nobody here can know. */
function isGone(holder: Holder | undefined): boolean {
  if (holder === undefined || holder.host !== os.hostname()) return false;
  const { pid, start } = holder;
  return pid === 0 || !isAlive(pid) || (startOf(pid) !== start && startOf(pid) !== UNKNOWN);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

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
