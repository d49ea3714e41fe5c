// Opening a store's file: a private temporary one, or a named one under a lock. Every failure is one sentence.
import fs from "node:fs";
import os from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { TierError } from "@pagetier/base";
import { lockPlace } from "@pagetier/store";

export interface OpenedFile {
  readonly descriptor: number;
  /** The path, or what people call a file without one. */
  readonly place: string;
  /** Whether the file did not exist before. */
  readonly created: boolean;
  /** Called after the descriptor is closed: removes what must not stay. */
  readonly release: () => void;
}

/** Opens or creates the file at `path`; its content stays as it is. @throws TierError STORE_OPEN */
export function openNamedFile(path: string): OpenedFile {
  let unlock: (() => void) | undefined;
  try {
    const place = resolve(path);
    const found = fs.statSync(place, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) throw cannotOpen(place, found.isDirectory() ? "EISDIR" : "ENOTFILE");
    const real = found === undefined ? join(fs.realpathSync(dirname(place)), basename(place)) : fs.realpathSync(place);
    unlock = lockPlace(`${real}.lock`, `store file ${place}`);
    const created = found === undefined;
    const descriptor = fs.openSync(place, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    if (created) syncDirectory(dirname(real));
    return { descriptor, place, created, release: unlock };
  } catch (error) {
    unlock?.();
    throw TierError.is(error) ? error : cannotOpen(path, (error as NodeJS.ErrnoException).code, error);
  }
}

/** Opens a file that nobody else can name and that is gone when this process ends, however it ends. @throws TierError STORE_OPEN */
export function openPrivateFile(): OpenedFile {
  const parent = os.tmpdir();
  let directory: string | undefined;
  try {
    directory = fs.mkdtempSync(join(parent, "pagetier-"));
    const path = join(directory, "store");
    const descriptor = fs.openSync(path, "wx+", 0o600);
    const remove = () => fs.rmSync(dirname(path), { recursive: true, force: true });
    try {
      remove(); // The open descriptor keeps the file alive on POSIX.
      return { descriptor, place: `a temporary file in ${parent}`, created: true, release: () => undefined };
    } catch {
      return { descriptor, place: path, created: true, release: remove };
    }
  } catch (error) {
    if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true });
    throw cannotOpen(`a temporary file in ${parent}`, (error as NodeJS.ErrnoException).code, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist; create it or choose another path",
  ENOTDIR: "a part of its path is not a directory; choose another path",
  EISDIR: "it is a directory; name a file in it",
  ENOTFILE: "it is not a regular file; choose another path",
  EACCES: "you may not write there; change the permissions or choose another path",
  EPERM: "you may not write there; change the permissions or choose another path",
  EROFS: "the file system is read-only; choose another path",
  ENOSPC: "the disk is full; free space, ask for less or choose another path",
  EDQUOT: "your disk quota is used up; free space, ask for less or choose another path",
  EFBIG: "the file may not get that large; raise the file-size limit (ulimit -f) or ask for less",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  ENAMETOOLONG: "the path is too long; choose a shorter one",
  ELOOP: "its symbolic links run in a circle; choose another path",
};

export function cannotOpen(place: string, errno = "unknown error", cause?: unknown): TierError {
  const reason = REASONS[errno] ?? "the system refused it; choose another path";
  const shown = errno === "ENOTFILE" ? "" : ` (${errno})`;
  return new TierError(
    "STORE_OPEN",
    `cannot open store file ${place}: ${reason}${shown}.`,
    { place, errno },
    { cause },
  );
}

/** Makes a new directory entry durable, where the system can. */
function syncDirectory(path: string): void {
  try {
    const descriptor = fs.openSync(path, "r");
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // Windows opens no directories, some file systems sync none: the file's own flush is all there is.
  }
}
