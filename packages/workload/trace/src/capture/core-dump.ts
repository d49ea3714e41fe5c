// Memory of a program from a core dump: ELF, 64 bits, little-endian, as gcore and the kernel write it on x86-64 and arm64.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { ProgramMemory } from "./capture.js";

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const TYPE_CORE = 4;
const SEGMENT_LOAD = 1;
/** A core with more segments keeps their number elsewhere. */
const SEGMENTS_MAX = 65_535;

interface Segment {
  readonly firstPage: number;
  /** Pages that the file has; what a segment has beyond is not in the dump. */
  readonly pages: number;
  readonly fileOffset: number;
}

export class CoreDump implements ProgramMemory {
  readonly name: string;
  readonly #file: number;
  readonly #segments: readonly Segment[];
  #last: Segment | undefined;

  /** @throws TierError TRACE_DUMP when the file cannot be read, or is no such dump */
  constructor(path: string) {
    this.name = path;
    try {
      this.#file = openSync(path, "r");
    } catch (cause) {
      throw dumpError(path, "cannot be read; check the path and its permissions", cause);
    }
    try {
      this.#segments = segmentsOf(this.#file, path);
    } catch (error) {
      this.close();
      throw TierError.is(error) ? error : dumpError(path, "cannot be read", error);
    }
  }

  /** Pages that the dump holds. */
  get pages(): number {
    return this.#segments.reduce((sum, { pages }) => sum + pages, 0);
  }

  read(page: number, into: Uint8Array): boolean {
    const holds = (segment: Segment) => page >= segment.firstPage && page < segment.firstPage + segment.pages;
    if (this.#last === undefined || !holds(this.#last)) this.#last = this.#segments.find(holds);
    if (this.#last === undefined) return false;
    const at = this.#last.fileOffset + (page - this.#last.firstPage) * PAGE_SIZE;
    return readSync(this.#file, into, 0, PAGE_SIZE, at) === PAGE_SIZE;
  }

  close(): void {
    closeSync(this.#file);
  }
}

function segmentsOf(file: number, path: string): Segment[] {
  const header = Buffer.alloc(ELF_HEADER_BYTES);
  const length = readSync(file, header, 0, ELF_HEADER_BYTES, 0);
  const isElf = length === ELF_HEADER_BYTES && header.readUInt32BE(0) === 0x7f454c46;
  if (!isElf) throw dumpError(path, "is no ELF file; make one with gcore");
  if (header[4] !== 2 || header[5] !== 1) throw dumpError(path, "is not ELF of 64 bits, little-endian");
  if (header.readUInt16LE(16) !== TYPE_CORE) throw dumpError(path, "is ELF but no core dump; make one with gcore");
  const count = header.readUInt16LE(56);
  const at = Number(header.readBigUInt64LE(32));
  if (header.readUInt16LE(54) !== PROGRAM_HEADER_BYTES || count === SEGMENTS_MAX) {
    throw dumpError(path, "has program headers of an unknown kind");
  }
  const { size } = fstatSync(file);
  const headers = Buffer.alloc(count * PROGRAM_HEADER_BYTES);
  if (at > size || readSync(file, headers, 0, headers.length, at) < headers.length) {
    throw dumpError(path, `ends at byte ${size}, inside its program headers; make it again`);
  }
  const segments: Segment[] = [];
  for (let start = 0; start < headers.length; start += PROGRAM_HEADER_BYTES) {
    if (headers.readUInt32LE(start) !== SEGMENT_LOAD) continue;
    const fileOffset = Number(headers.readBigUInt64LE(start + 8));
    const address = headers.readBigUInt64LE(start + 16);
    const bytes = Number(headers.readBigUInt64LE(start + 32));
    if (bytes < PAGE_SIZE || address >= 2n ** 53n) continue; // Nothing of it is here, or it is the kernel's.
    if (address % BigInt(PAGE_SIZE) !== 0n) throw dumpError(path, "has a segment that begins inside a page");
    if (fileOffset + bytes > size) throw dumpError(path, `ends at byte ${size}, inside a segment; make it again`);
    segments.push({ firstPage: Number(address) / PAGE_SIZE, pages: Math.floor(bytes / PAGE_SIZE), fileOffset });
  }
  if (segments.length === 0) throw dumpError(path, "holds no memory; make it again with gcore");
  return segments;
}

function dumpError(path: string, what: string, cause?: unknown): TierError {
  return new TierError("TRACE_DUMP", `The memory dump ${path} ${what}.`, { path }, { cause });
}
