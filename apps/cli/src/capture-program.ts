// Runs a program under valgrind's lackey and makes a workload of what it says, while it says it.
//
// Lackey writes a line for every instruction and access into a pipe; when nobody reads, it waits, and the program with it.
// So the program's memory (/proc/PID/mem) can be read at every step, at most a pipe's length ahead of what was said.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { Capture, type ContainerTotals, type ContainerWriter, LackeyParser, type ProgramMemory } from "@pagetier/trace";

export interface CaptureProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly writer: ContainerWriter;
  readonly filterPages: number;
  /** Ends the program after so many loads and stores. */
  readonly limitAccesses: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (accesses: number, totals: ContainerTotals) => void;
}

/** What became of a program that was captured. */
export interface CapturedProgram {
  readonly instructions: number;
  readonly accesses: number;
  /** Whether it came to its own end. */
  readonly isWhole: boolean;
  /** Its exit status, where it came to its end. */
  readonly status: number | undefined;
  /** Pages that were gone when their contents should have been read. */
  readonly unreadablePages: number;
}

const LACKEY = ["--tool=lackey", "--vgdb=no", "--trace-mem=yes", "--trace-syscalls=yes", "--basic-counts=no"];
/** Children of the program are not part of the workload. */
const ALONE = ["--trace-children=no", "--child-silent-after-fork=yes"];
const READ_BYTES = 1 << 16;
const BACKLOG_BYTES_MAX = 8 << 20;
const PROGRESS_CHUNKS = 64;

/**
 * Captures a program. Its standard output goes nowhere, its standard input is empty, its standard error is ours.
 *
 * @throws TierError `CAPTURE_PLATFORM` (not Linux), `CAPTURE_TOOL` (no valgrind), `CAPTURE_PROGRAM` (it did not begin), `CAPTURE_DENIED` (its
 *   memory may not be read), `TRACE_BAD_LINE`, `TRACE_WRITE`; the signal's reason. The program has ended then
 */
export async function captureProgram(options: CaptureProgramOptions): Promise<CapturedProgram> {
  if (process.platform !== "linux") {
    throw new TierError(
      "CAPTURE_PLATFORM",
      `A program can be captured on Linux only, and this is ${process.platform}; capture there, and take the .ptt file with you.`,
      { platform: process.platform },
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "pagetier-capture-"));
  try {
    const pipe = join(folder, "lackey");
    await promisify(execFile)("mkfifo", [pipe]);
    return await capturedThrough(pipe, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function capturedThrough(pipe: string, options: CaptureProgramOptions): Promise<CapturedProgram> {
  const { program, args, writer, filterPages, limitAccesses, signal, onProgress } = options;
  const child = spawn("valgrind", [...LACKEY, ...ALONE, `--log-file=${pipe}`, program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = endOf(child);
  const memory = new ProcessPages(child.pid ?? 0);
  // The pipe opens when both ends do: a program that never begins must not leave us waiting.
  const log = createReadStream(pipe, { highWaterMark: READ_BYTES, signal });
  void ended.then(
    () => unblock(pipe),
    () => unblock(pipe),
  );
  let parser: LackeyParser | undefined;
  try {
    const capture = new Capture(writer, memory, { filterPages, now: () => parser?.instructions ?? 0 });
    parser = new LackeyParser(`the output of lackey on ${program}`, capture);
    let chunks = 0;
    for await (const chunk of log as AsyncIterable<Buffer>) {
      parser.push(chunk);
      if (writer.backlogBytes > BACKLOG_BYTES_MAX) await writer.drain();
      if (++chunks % PROGRESS_CHUNKS === 0) onProgress(parser.accesses, writer.totals());
      if (limitAccesses !== undefined && parser.accesses >= limitAccesses) break;
    }
    parser.finish();
    capture.flush();
    signal.throwIfAborted();
    if (!capture.hasExited) child.kill("SIGKILL");
    const status = await statusOf(ended, program, parser.instructions > 0);
    return {
      instructions: parser.instructions,
      accesses: parser.accesses,
      isWhole: capture.hasExited,
      status: capture.hasExited ? status : undefined,
      unreadablePages: capture.unreadable,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    log.destroy();
    memory.close();
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  }
}

/** Lets a reader go that waits for the other end of a pipe. */
function unblock(pipe: string): void {
  try {
    closeSync(openSync(pipe, "r+"));
  } catch {
    // The pipe is gone, and nobody waits for it.
  }
}

function endOf(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? undefined));
  });
}

/** @param hasBegun whether the program did anything */
async function statusOf(
  ended: Promise<number | undefined>,
  program: string,
  hasBegun: boolean,
): Promise<number | undefined> {
  let status: number | undefined;
  try {
    status = await ended;
  } catch (cause) {
    throw new TierError(
      "CAPTURE_TOOL",
      "valgrind is not there, or cannot be run; install it (apt-get install valgrind).",
      {},
      { cause },
    );
  }
  if (hasBegun) return status;
  throw new TierError(
    "CAPTURE_PROGRAM",
    `${program} did not begin under valgrind (status ${status ?? "none"}); check that it is a program of this machine, and not one with set-user-id.`,
    { program, status },
  );
}

/** Memory of a process that runs. */
class ProcessPages implements ProgramMemory {
  readonly #pid: number;
  #file: number | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  read(page: number, into: Uint8Array): boolean {
    // Opened when the program has begun: valgrind puts itself in place of what was started before.
    this.#file ??= openMemory(this.#pid);
    try {
      return readSync(this.#file, into, 0, PAGE_SIZE, page * PAGE_SIZE) === PAGE_SIZE;
    } catch {
      return false; // Not mapped any more.
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function openMemory(pid: number): number {
  try {
    return openSync(`/proc/${pid}/mem`, "r");
  } catch (cause) {
    throw new TierError(
      "CAPTURE_DENIED",
      `The memory of process ${pid} may not be read from here; see kernel.yama.ptrace_scope, or run this as root.`,
      { pid },
      { cause },
    );
  }
}
