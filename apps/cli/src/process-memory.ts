// The anonymous memory of a running process on Linux, as a page file in memory.
//
// /proc/N/smaps (or maps) lists the mappings; /proc/N/pagemap tells page by page what is in RAM and anonymous (present and
// not of a file; shared memory counts as a file); /proc/N/mem gives the bytes. The process goes on meanwhile: pages may
// change between two reads, or go away; those that cannot be read ([vvar], device memory, pages that went) are counted and
// left out. Pages in swap are left alone, since reading them would bring them back.
//
// Where pagemap cannot be had, every page of the mappings that hold anonymous memory is a candidate. One that was never
// touched reads as zeros, so pages of zeros are left out then.
//
// Of a large process a sample is read: runs of 64 neighbours, spread evenly over its memory, as neighbours resemble each
// other.

import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { PageFile } from "@pagetier/trace";

/** What was read of a process. */
export interface ProcessMemory extends PageFile {
  readonly pid: number;
  /** Name of the program, as the kernel has it. */
  readonly command: string;
  /** Anonymous pages in RAM, all of them. */
  readonly residentPages: number;
  /** Anonymous pages that are in swap. */
  readonly swappedPages: number;
  /** Pages of the sample (or of the mappings in question) that could not be read. */
  readonly unreadablePages: number;
  /** Runs of up to 64 pages that were read. */
  readonly runs: number;
  /** Whether pagemap told which pages are in RAM. */
  readonly exact: boolean;
}

export interface ProcessMemoryOptions {
  /** Most pages to read. */
  readonly limitPages: number;
  /** Where the kernel shows its processes; default `/proc`. */
  readonly proc?: string;
  /** Default: the one this runs on. */
  readonly platform?: string;
}

/** Pages per run of the sample. */
export const RUN_PAGES = 64;

/** A mapping that may hold anonymous memory. */
interface Mapping {
  readonly start: number;
  readonly pages: number;
  readonly name: string;
  readonly readable: boolean;
  /** Anonymous pages in RAM, as smaps says; `undefined` without smaps. */
  anonymousPages: number | undefined;
  swappedPages: number;
}

/** Numbers of pages, in order: page n begins at address n × PAGE_SIZE. */
type PageNumbers = number[];

/** Bits of the high word of a pagemap entry. */
const PRESENT = 1 << 31;
const OF_A_FILE = 1 << 29;
const PAGEMAP_ENTRY_BYTES = 8;
const PAGEMAP_READ_PAGES = 1 << 15;
/** Mappings of the kernel's own that cannot be read. */
const KERNEL_MAPPING = /^\[(?:vvar|vsyscall)/;

/**
 * Reads the anonymous memory of a process.
 *
 * @throws TierError `PROCESS_PLATFORM` (not Linux), `PROCESS_NOT_FOUND`, `PROCESS_DENIED`, `PROCESS_EMPTY` (no anonymous
 *   memory that can be read: a kernel thread, or a process that has ended)
 */
export async function readProcessMemory(pid: number, options: ProcessMemoryOptions): Promise<ProcessMemory> {
  const { limitPages, proc = "/proc", platform = process.platform } = options;
  if (platform !== "linux") {
    throw new TierError(
      "PROCESS_PLATFORM",
      `The memory of another process can be read on Linux only, and this is ${platform}; record its pages to a file and use --pages.`,
      { platform },
    );
  }
  const folder = join(proc, String(pid));
  const mappings = await mappingsOf(folder, pid);
  const command = (await readFile(join(folder, "comm"), "utf8").catch(() => "?")).trim();
  const memory = await openOf(join(folder, "mem"), pid);
  try {
    const pagemap = await open(join(folder, "pagemap"), "r").catch(() => undefined);
    const candidates = await candidatesIn(mappings, pagemap).finally(() => pagemap?.close());
    const sample = sampleOf(candidates.pages, limitPages);
    const read = await readPages(memory, sample.pages, !candidates.exact);
    if (read.pages === 0) throw emptyError(pid, command);
    return {
      name: `process ${pid}`,
      pid,
      command,
      pages: read.pages,
      bytes: read.bytes,
      residentPages: candidates.exact ? candidates.pages.length : residentOf(mappings, candidates.pages, sample, read),
      swappedPages: mappings.reduce((sum, mapping) => sum + mapping.swappedPages, 0),
      unreadablePages: read.unreadable + candidates.unreadable,
      runs: sample.runs,
      exact: candidates.exact,
    };
  } finally {
    await memory.close();
  }
}

/** The private mappings of a process. */
async function mappingsOf(folder: string, pid: number): Promise<Mapping[]> {
  const text = await readFile(join(folder, "smaps"), "utf8").catch(() => undefined);
  if (text !== undefined) return parseMappings(text);
  try {
    return parseMappings(await readFile(join(folder, "maps"), "utf8"));
  } catch (cause) {
    throw processError(pid, cause);
  }
}

/** Reads `maps` or `smaps`: the latter has lines with sizes after the line of each mapping. */
export function parseMappings(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  let mapping: Mapping | undefined;
  for (const line of text.split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (head !== null) {
      const [, start = "", end = "", permissions = "", name = ""] = head;
      mapping = undefined;
      if (permissions[3] !== "p") continue; // Shared: a file's, or shared memory.
      const first = Number.parseInt(start, 16);
      mapping = {
        start: first,
        pages: Math.floor((Number.parseInt(end, 16) - first) / PAGE_SIZE),
        name,
        readable: permissions[0] === "r",
        anonymousPages: undefined,
        swappedPages: 0,
      };
      mappings.push(mapping);
      continue;
    }
    const size = /^(Anonymous|Swap):\s+(\d+) kB$/.exec(line);
    if (size === null || mapping === undefined) continue;
    const pages = (Number(size[2]) * 1024) / PAGE_SIZE;
    if (size[1] === "Swap") mapping.swappedPages = pages;
    else mapping.anonymousPages = pages;
  }
  return mappings;
}

/** The pages that hold anonymous memory; all that might, when pagemap does not tell. */
async function candidatesIn(
  mappings: readonly Mapping[],
  pagemap: FileHandle | undefined,
): Promise<{ readonly pages: PageNumbers; readonly unreadable: number; readonly exact: boolean }> {
  const exact = pagemap !== undefined && (await canReadPagemap(pagemap, mappings));
  const pages: PageNumbers = [];
  let unreadable = 0;
  for (const mapping of mappings) {
    if (KERNEL_MAPPING.test(mapping.name)) {
      unreadable += mapping.pages;
      continue;
    }
    // A mapping without permission to read is a reservation: it can be huge, and holds next to nothing.
    if (mapping.anonymousPages === 0 || !mapping.readable) {
      unreadable += mapping.anonymousPages ?? 0;
      continue;
    }
    if (exact) await addResident(pagemap, mapping, pages);
    else for (let page = 0; page < mapping.pages; page++) pages.push(mapping.start / PAGE_SIZE + page);
  }
  return { pages, unreadable, exact };
}

async function canReadPagemap(pagemap: FileHandle, mappings: readonly Mapping[]): Promise<boolean> {
  const first = mappings.find(({ readable }) => readable);
  if (first === undefined) return false;
  const entry = new Uint8Array(PAGEMAP_ENTRY_BYTES);
  const read = await pagemap.read(entry, 0, entry.length, pagemapAt(first.start)).catch(() => undefined);
  return read?.bytesRead === entry.length;
}

async function addResident(pagemap: FileHandle, mapping: Mapping, pages: PageNumbers): Promise<void> {
  const entries = new Uint8Array(Math.min(mapping.pages, PAGEMAP_READ_PAGES) * PAGEMAP_ENTRY_BYTES);
  const words = new DataView(entries.buffer);
  for (let from = 0; from < mapping.pages; ) {
    const wanted = Math.min(PAGEMAP_READ_PAGES, mapping.pages - from) * PAGEMAP_ENTRY_BYTES;
    const position = pagemapAt(mapping.start) + from * PAGEMAP_ENTRY_BYTES;
    const bytesRead = await pagemap.read(entries, 0, wanted, position).then(
      (result) => result.bytesRead,
      () => 0, // The process has ended, or unmapped this part.
    );
    const read = Math.floor(bytesRead / PAGEMAP_ENTRY_BYTES);
    if (read === 0) return;
    for (let page = 0; page < read; page++) {
      const high = words.getUint32(page * PAGEMAP_ENTRY_BYTES + 4, true);
      if ((high & PRESENT) !== 0 && (high & OF_A_FILE) === 0) pages.push(mapping.start / PAGE_SIZE + from + page);
    }
    from += read;
  }
}

function pagemapAt(address: number): number {
  return (address / PAGE_SIZE) * PAGEMAP_ENTRY_BYTES;
}

/** Chooses runs, spread evenly; everything when it is within the limit. */
function sampleOf(pages: PageNumbers, limitPages: number): { readonly pages: PageNumbers; readonly runs: number } {
  const runs = Math.ceil(pages.length / RUN_PAGES);
  if (pages.length <= limitPages) return { pages, runs };
  const wanted = Math.max(1, Math.floor(limitPages / RUN_PAGES));
  const sample: PageNumbers = [];
  for (let index = 0; index < wanted; index++) {
    const start = Math.floor((index * runs) / wanted) * RUN_PAGES;
    for (let page = start; page < Math.min(start + RUN_PAGES, pages.length); page++) sample.push(pages[page]!);
  }
  return { pages: sample.slice(0, limitPages), runs: wanted };
}

interface ReadPages {
  readonly bytes: Uint8Array;
  readonly pages: number;
  readonly unreadable: number;
}

async function readPages(memory: FileHandle, numbers: PageNumbers, withoutZeros: boolean): Promise<ReadPages> {
  const bytes = new Uint8Array(numbers.length * PAGE_SIZE);
  let pages = 0;
  let unreadable = 0;
  for (let from = 0; from < numbers.length; ) {
    let length = 1;
    while (length < RUN_PAGES && numbers[from + length] === numbers[from]! + length) length++;
    const start = pages * PAGE_SIZE;
    const whole = Math.floor(
      (await readAt(memory, bytes, start, length * PAGE_SIZE, numbers[from]! * PAGE_SIZE)) / PAGE_SIZE,
    );
    pages += withoutZeros ? dropZeros(bytes, start, whole) : whole;
    from += whole;
    if (whole === length) continue;
    unreadable++; // The first page that was not read; go on behind it.
    from++;
  }
  return { bytes: bytes.subarray(0, pages * PAGE_SIZE), pages, unreadable };
}

async function readAt(
  memory: FileHandle,
  into: Uint8Array,
  start: number,
  length: number,
  address: number,
): Promise<number> {
  try {
    return (await memory.read(into, start, length, address)).bytesRead;
  } catch {
    return 0;
  }
}

/** Moves the pages that are not zeros together. @returns how many they are */
function dropZeros(bytes: Uint8Array, start: number, pages: number): number {
  let kept = 0;
  for (let page = 0; page < pages; page++) {
    const at = start + page * PAGE_SIZE;
    if (bytes.subarray(at, at + PAGE_SIZE).every((byte) => byte === 0)) continue;
    bytes.copyWithin(start + kept * PAGE_SIZE, at, at + PAGE_SIZE);
    kept++;
  }
  return kept;
}

/** Without pagemap: what smaps says, or the share of the sample that was not zeros. */
function residentOf(
  mappings: readonly Mapping[],
  candidates: PageNumbers,
  sample: { readonly pages: PageNumbers },
  read: ReadPages,
): number {
  if (mappings.some(({ anonymousPages }) => anonymousPages !== undefined)) {
    return mappings.reduce((sum, { anonymousPages, readable }) => sum + (readable ? (anonymousPages ?? 0) : 0), 0);
  }
  return Math.round((candidates.length * read.pages) / sample.pages.length);
}

async function openOf(path: string, pid: number): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw processError(pid, cause);
  }
}

function processError(pid: number, cause: unknown): TierError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  if (code === "ENOENT" || code === "ESRCH") {
    return new TierError("PROCESS_NOT_FOUND", `There is no process ${pid}; \`ps\` lists them.`, { pid }, { cause });
  }
  return new TierError(
    "PROCESS_DENIED",
    `The memory of process ${pid} may not be read from here (${code}); run this as its user or as root, and see kernel.yama.ptrace_scope if that does not suffice.`,
    { pid, code },
    { cause },
  );
}

function emptyError(pid: number, command: string): TierError {
  return new TierError(
    "PROCESS_EMPTY",
    `Process ${pid} (${command}) has no anonymous memory that can be read; it may be a kernel thread or have ended.`,
    { pid, command },
  );
}
