import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE } from "@pagetier/base";
import { afterAll, describe, expect, test } from "vitest";
import { Capture, ContainerWriter, CoreDump, LackeyParser, type ProgramMemory } from "../src/index.js";
import { type DecodedOperation, decodeByDocument } from "./container-decoder.js";
import { scratchFolder } from "./files.js";

const folder = mkdtempSync(join(tmpdir(), "pagetier-capture-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scratch = scratchFolder();
let files = 0;

/** A program's memory that a test changes as it goes. */
class Memory implements ProgramMemory {
  readonly pages = new Map<number, Uint8Array>();

  read(page: number, into: Uint8Array): boolean {
    const held = this.pages.get(page);
    if (held !== undefined) into.set(held);
    return held !== undefined;
  }

  set(page: number, byte: number, offset = 0): void {
    const held = this.pages.get(page) ?? new Uint8Array(PAGE_SIZE);
    held[offset] = byte;
    this.pages.set(page, held);
  }
}

/** Feeds lines, and what happens between them, to a capture; answers the operations in words. */
async function captured(
  lines: readonly (string | ((memory: Memory) => void))[],
  filterPages = 2,
): Promise<{ words: string[]; operations: readonly DecodedOperation[]; hasExited: boolean; unreadable: number }> {
  const path = join(folder, `${files++}.ptt`);
  const writer = await ContainerWriter.create(path);
  const memory = new Memory();
  let parser: LackeyParser | undefined;
  const capture = new Capture(writer, memory, { filterPages, now: () => parser!.instructions });
  parser = new LackeyParser("a test", capture);
  for (const line of lines) {
    if (typeof line === "string") parser.push(Buffer.from(`${line}\n`));
    else line(memory);
  }
  parser.finish();
  capture.flush();
  const { hasExited, unreadable } = capture;
  await writer.close();
  const { operations } = decodeByDocument(readFileSync(path));
  return { words: operations.map(inWords), operations, hasExited, unreadable };
}

function inWords({ op, page, count, offset, length, content }: DecodedOperation): string {
  if (op === "alloc" || op === "free") return `${op} ${page}+${count}`;
  if (op === "write") return `write ${page} ${content![0]}`;
  if (op === "writePart") return `write ${page} ${content![0]} [${offset}, ${offset! + length!})`;
  return op === "read" ? `read ${page}` : op;
}

const at = (page: number, offset = 0) => (page * PAGE_SIZE + offset).toString(16).padStart(8, "0");
const load = (page: number, offset = 0) => ` L ${at(page, offset)},8`;
const store = (page: number, offset = 0) => ` S ${at(page, offset)},8`;
const call = (text: string, result: number) =>
  `SYSCALL[7,1](9) sys_${text} --> [pre-success] Success(0x${result.toString(16)}) `;

describe("a capture", () => {
  test("is what enters and leaves the filter: 64 neighbours are neighbours", async () => {
    const { words, hasExited } = await captured([
      (memory) => {
        for (const page of [130, 131, 640]) memory.set(page, page);
      },
      load(130),
      load(131),
      load(130, 8), // In the filter.
      load(640), // 131 leaves, as it came.
      store(131, 16), // 130 leaves, 131 comes back.
      (memory) => memory.set(131, 7),
      load(130), // 640 leaves.
      load(640), // 131 leaves: changed at 0, and stored to at 16 to 23.
    ]);
    expect(words).toEqual([
      "alloc 2+1",
      "write 2 130",
      "alloc 3+1",
      "write 3 131",
      "alloc 64+1",
      `write 64 ${640 % 256}`,
      "read 3",
      "read 2",
      "write 3 7 [0, 24)",
      "read 64",
    ]);
    expect(hasExited).toBe(false);
  });

  test("says a page was written when it was stored to, though its bytes are the same", async () => {
    const { words } = await captured([(memory) => memory.set(1, 5), load(1), store(1, 40), load(2), load(3), load(1)]);
    expect(words).toContain("write 1 5 [40, 48)");
    expect(words.at(-1)).toBe("read 1");
  });

  test("finds what the kernel wrote: a page that changed while nobody stored to it", async () => {
    const { words } = await captured([
      (memory) => memory.set(1, 5),
      load(1),
      load(2),
      load(3), // 1 leaves.
      (memory) => memory.set(1, 6, 100),
      load(1),
    ]);
    expect(words.slice(-2)).toEqual(["read 1", "write 1 5 [100, 101)"]);
  });

  test("counts what calls do to buffers as accesses", async () => {
    const { words } = await captured([
      `SYSCALL[7,1](0) sys_read ( 3, 0x${at(5, 4000)}, 9000 ) --> [async] ... `,
      "SYSCALL[7,1](0) ... [async] --> Success(0x200) ",
      `SYSCALL[7,1](1) sys_write ( 1, 0x${at(9)}, 10 ) --> [async] ... `,
      load(5), // Another thread, meanwhile.
      "SYSCALL[7,1](1) ... [async] --> Success(0xa) ",
      "SYSCALL[7,1](1) sys_write ( 1, 0x0, 10 )[sync] --> Failure(0xe) ",
    ]);
    expect(words.filter((word) => word.startsWith("alloc"))).toEqual(["alloc 5+1", "alloc 6+1", "alloc 9+1"]);
  });

  test("frees what is unmapped, cut off by brk, given up by advice, or mapped over", async () => {
    const fill = (memory: Memory) => {
      for (let page = 64; page < 80; page++) memory.set(page, page);
    };
    const touch = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => load(first + index));
    const { words } = await captured([
      fill,
      ...touch(64, 71),
      call(`munmap ( 0x${at(65)}, 8193 )`, 0), // Three pages, rounded up.
      call(`madvise ( 0x${at(70)}, 4096, 4 )`, 0),
      call(`madvise ( 0x${at(71)}, 4096, 3 )`, 0), // Willneed: nothing.
      call(`mmap ( 0x${at(69)}, 4096, 3, 50, 4294967295, 0 )`, 69 * PAGE_SIZE),
      call("brk ( 0x0 )", 80 * PAGE_SIZE),
      ...touch(78, 79),
      call(`brk ( 0x${at(78, 1)} )`, 78 * PAGE_SIZE + 1),
      load(66), // Comes anew.
      call(`munmap ( 0x${at(200)}, 4096 )`, 0),
      "SYSCALL[7,1](11) sys_munmap ( 0x40000, 4096 )[sync] --> Failure(0x16) ",
    ]);
    const kept = words.filter((word) => !/^write (0|3|4|5|6|7|14|15) /.test(word));
    expect(kept.slice(kept.indexOf("free 1+3"))).toEqual([
      "free 1+3",
      "free 6+1",
      "free 5+1",
      "alloc 14+1",
      "alloc 15+1",
      "free 15+1",
      "alloc 2+1",
      "write 2 66",
    ]);
  });

  test("lets pages keep their numbers when mremap moves them", async () => {
    const { words } = await captured([
      (memory) => {
        for (const page of [64, 65, 1000, 1001]) memory.set(page, page);
      },
      load(64),
      load(65),
      call(`mremap ( 0x${at(64)}, 8192, 4096, 0x1, 0x0 )`, 1000 * PAGE_SIZE),
      load(1000),
      load(64), // A new page where the old one was.
    ]);
    expect(words).toEqual([
      "alloc 0+1",
      "write 0 64",
      "alloc 1+1",
      "write 1 65",
      "free 1+1",
      "read 0",
      `write 0 ${1000 % 256} [0, 1)`, // The test's memory did not move.
      "alloc 64+1",
      "write 64 64",
    ]);
  });

  test("ends with the program, and not before", async () => {
    const { words, operations, hasExited } = await captured([
      "I  04001000,3",
      (memory) => memory.set(1, 1),
      load(1),
      "I  04001003,2",
      "SYSCALL[7,1](60) exit( 0 ) --> [pre-success] Success(0x0) ", // One thread.
      "SYSCALL[7,1](231) exit_group( 0 ) --> [pre-success] Success(0x0) ",
      load(9),
    ]);
    expect(words).toEqual(["alloc 1+1", "write 1 1", "exit"]);
    expect(operations.map(({ ns }) => ns)).toEqual([1, 1, 2]);
    expect(hasExited).toBe(true);
  });

  test("takes a page that is gone already for zeroes, and says so", async () => {
    const { words, unreadable } = await captured([load(3)]);
    expect(words).toEqual(["alloc 3+1", "write 3 0"]);
    expect(unreadable).toBe(2);
  });
});

describe("lackey's output", () => {
  const sample = [
    "==71== Lackey, an example Valgrind tool",
    "I  0401ab70,3",
    " S 1fff000788,8",
    " L 04025d70,4",
    " M 0421c7cc,4",
    "SYSCALL[71,1](334) unimplemented (by the kernel) syscall: 334! (ni_syscall)",
    " --> [pre-fail] Failure(0x26)",
    "SYSCALL[71,1](257) sys_openat ( 4294967196, 0x4034bb0(/a, b), 524288 ) --> [async] ... ",
    "SYSCALL[71,1](257) ... [async] --> Success(0x4) ",
    "",
  ].join("\n");

  function parse(text: string, cut: number): { seen: string[]; parser: LackeyParser } {
    const seen: string[] = [];
    const parser = new LackeyParser("a sample", {
      access: (address, bytes, isStore) => seen.push(`${isStore ? "store" : "load"} ${address.toString(16)} ${bytes}`),
      call: ({ name, args, result }) => seen.push(`${name} ${args.length} ${result}`),
    });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += cut) parser.push(bytes.subarray(at, at + cut));
    return { seen, parser };
  }

  test("is the same wherever the bytes are cut", () => {
    for (const cut of [1, 2, 3, 7, 20, 1000]) {
      const { seen, parser } = parse(sample, cut);
      expect(seen).toEqual(["store 1fff000788 8", "load 4025d70 4", "store 421c7cc 4", "openat 3 4"]);
      expect([parser.instructions, parser.accesses]).toEqual([1, 3]);
    }
  });

  test("with anything else in it is refused with the line", () => {
    for (const line of [
      " S 1fff000788",
      " X 04025d70,4",
      " L ,4",
      " L 04025d70,0",
      "hello",
      " S 1ffz,8",
      " L 4025d70,4 ",
    ]) {
      const wrong = () => parse(`I  0401ab70,3\n${line}\n`, 1000);
      expect(wrong).toThrow(expect.objectContaining({ code: "TRACE_BAD_LINE" }));
      expect(wrong).toThrow(/^Line 2 of a sample/);
    }
    expect(() => parse("x".repeat(70_000), 1000)).toThrow(/^Line 1 of/);
  });
});

describe("a core dump", () => {
  /** A core with segments of (address, pages, offset), and a note before them. */
  function core(change: (bytes: Buffer) => void = () => undefined): Buffer {
    const bytes = Buffer.alloc(4 * PAGE_SIZE);
    bytes.write("7f454c460201010000000000000000000400", "hex");
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(3, 56);
    const segment = (at: number, type: number, offset: number, address: bigint, size: number) => {
      bytes.writeUInt32LE(type, at);
      bytes.writeBigUInt64LE(BigInt(offset), at + 8);
      bytes.writeBigUInt64LE(address, at + 16);
      bytes.writeBigUInt64LE(BigInt(size), at + 32);
    };
    segment(64, 4, 0, 0n, 0);
    segment(120, 1, PAGE_SIZE, 0x7fff_0000_1000n, 2 * PAGE_SIZE);
    segment(176, 1, 3 * PAGE_SIZE, 0x1000n, PAGE_SIZE);
    for (const page of [1, 2, 3]) bytes.fill(page, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    change(bytes);
    return bytes;
  }

  test("gives the pages that it holds", () => {
    const dump = new CoreDump(scratch("core", core()));
    const page = new Uint8Array(PAGE_SIZE);
    const found = (number: number) => (dump.read(number, page) ? page[4095] : undefined);
    expect([1, 0x7fff_0000_1, 0x7fff_0000_2, 0, 2, 0x7fff_0000_3].map(found)).toEqual([
      3,
      1,
      2,
      undefined,
      undefined,
      undefined,
    ]);
    expect(dump.pages).toBe(3);
    dump.close();
  });

  test("that is none, or not whole, is refused", () => {
    const refused = (bytes: Buffer, what: RegExp) => {
      const open = () => new CoreDump(scratch("bad-core", bytes));
      expect(open).toThrow(expect.objectContaining({ code: "TRACE_DUMP" }));
      expect(open).toThrow(what);
    };
    refused(Buffer.from("no"), /no ELF file/);
    refused(Buffer.alloc(100), /no ELF file/);
    refused(
      core((bytes) => bytes.writeUInt8(1, 4)),
      /64 bits/,
    );
    refused(
      core((bytes) => bytes.writeUInt16LE(2, 16)),
      /no core dump/,
    );
    refused(
      core((bytes) => bytes.writeUInt16LE(40, 54)),
      /unknown kind/,
    );
    refused(
      core((bytes) => bytes.writeBigUInt64LE(2n ** 60n, 32)),
      /inside its program headers/,
    );
    refused(
      core((bytes) => bytes.writeBigUInt64LE(0x1001n, 192)),
      /inside a page/,
    );
    refused(core().subarray(0, 3 * PAGE_SIZE), /inside a segment/);
    refused(
      core((bytes) => bytes.writeUInt16LE(1, 56)),
      /holds no memory/,
    );
    expect(() => new CoreDump(join(folder, "none"))).toThrow(/cannot be read/);
  });
});
