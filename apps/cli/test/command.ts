// The command line as a user has it: a child process on what was built, with a private folder for everything temporary.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/pagetier.mjs", import.meta.url));

/** The trace and the pages that `npm start` uses. */
export const BUNDLED_TRACE = fileURLToPath(new URL("../../../data/programs.u32.gz", import.meta.url));
/** Blocks of a disk, for a file space. */
export const BUNDLED_DISK = fileURLToPath(new URL("../../../data/virtual-disk.u32.gz", import.meta.url));
export const BUNDLED_PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));

/** How a command ended. */
export interface Ended {
  /** Exit status; `undefined` when a signal ended it. */
  readonly status: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What lies in the folder for temporary files now. */
  readonly left: readonly string[];
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Largest file that the process may write, in KiB. */
  readonly fileKiB?: number;
  /** Gets the running process, to send it signals. */
  readonly whileRunning?: (child: ChildProcess) => Promise<void>;
}

/** A folder to run commands in, which is its own place for temporary files beside it. */
export class Workplace {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<Workplace> {
    const root = await mkdtemp(join(tmpdir(), "pagetier-command-"));
    await mkdir(join(root, "work"));
    return new Workplace(root);
  }

  /** The working directory. */
  get folder(): string {
    return join(this.#root, "work");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async remove(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  /** Runs `pagetier` with these arguments. Nothing is asked of the terminal: there is none. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
    const temporary = await mkdtemp(join(this.#root, "tmp-"));
    const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env;
    const env = { ...inherited, TMPDIR: temporary, TMP: temporary, TEMP: temporary, ...options.env };
    const settings = { cwd: this.folder, env, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
    const child =
      options.fileKiB === undefined
        ? spawn(process.execPath, [BIN, ...args], settings)
        : spawn(
            "bash",
            ["-c", `ulimit -f ${options.fileKiB} && exec "$@"`, "bash", process.execPath, BIN, ...args],
            settings,
          );
    const [stdout, stderr, ended] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise<Pick<Ended, "status" | "signal">>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (status, signal) => resolve({ status: status ?? undefined, signal: signal ?? undefined }));
      }),
      options.whileRunning?.(child),
    ]);
    return { ...ended, stdout, stderr, left: await readdir(temporary, { recursive: true }) };
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
