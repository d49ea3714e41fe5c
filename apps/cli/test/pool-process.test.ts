// The memory of a running process: a child of the test's own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PoolResult } from "../src/measure-pool.js";
import { parseMappings, readProcessMemory } from "../src/process-memory.js";
import type { ProcessSaving } from "../src/report/process-saving.js";
import { pagetier } from "./pool-command.js";

const PAGE = 4096;
/** Fills 16 MiB: a mark in every page, and otherwise zeros. Tells when it is done, and ends when its input ends. */
const CHILD = `
  const held = Buffer.alloc(16 << 20);
  for (let at = 0; at < held.length; at += ${PAGE}) held.write("pagetier page " + at, at);
  process.stdout.write("ready");
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(held.length > 0 ? 0 : 1));
`;

const elsewhere = process.platform === "linux" ? "" : " (Linux only)";

describe.skipIf(elsewhere !== "")(`a running process${elsewhere}`, () => {
  let child: ChildProcess;
  beforeAll(async () => {
    child = spawn(process.execPath, ["-e", CHILD], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout!, "data");
  });
  afterAll(async () => {
    child.stdin!.end();
    await once(child, "exit");
  });

  test("gives the pages that it holds", async () => {
    const memory = await readProcessMemory(child.pid!, { limitPages: 2 ** 20 });
    expect(memory.exact).toBe(true);
    expect(memory.pages).toBe(memory.bytes.length / PAGE);
    expect(memory.pages).toBeGreaterThan(4096);
    // The process goes on, so a few pages may come and go; the bulk is there.
    expect(memory.residentPages).toBeGreaterThanOrEqual(memory.pages);
    expect(marksIn(memory.bytes)).toBe(4096);
  });

  test("gives a sample in runs of 64 when it is large", async () => {
    const memory = await readProcessMemory(child.pid!, { limitPages: 640 });
    expect(memory.runs).toBe(10);
    expect(memory.pages).toBeLessThanOrEqual(640);
    expect(memory.pages + memory.unreadablePages).toBeGreaterThanOrEqual(640 - 64);
    expect(memory.residentPages).toBeGreaterThan(4096);
  });

  test("without pagemap leaves pages of zeros out", async () => {
    const { smaps, folder, proc } = await copyOfProc(child.pid!);
    try {
      const memory = await readProcessMemory(child.pid!, { limitPages: 2 ** 20, proc });
      expect(memory.exact).toBe(false);
      expect(memory.command).toBe("?");
      expect(memory.residentPages).toBe(
        parseMappings(smaps).reduce((sum, { anonymousPages, readable }) => sum + (readable ? anonymousPages! : 0), 0),
      );
      expect(marksIn(memory.bytes)).toBe(4096);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  // The command is no ancestor of the child; where ptrace is for ancestors only it has to say so.
  test("answers what compressing it would save, or why it may not look", async () => {
    const args = ["pool", "--pid", String(child.pid), "--limit-pages", "1024"];
    const { status, output, messages } = await pagetier(...args, "--json");
    if (status === 2) {
      expect(messages).toMatch(/may not be read from here \(EACCES\).*ptrace_scope/);
      return;
    }
    const { results, process: saving } = JSON.parse(output) as { results: PoolResult[]; process: ProcessSaving };
    expect(results.map(({ compressor, allocator }) => `${compressor}+${allocator}`)).toEqual([
      "lz4+zsmalloc",
      "zstd+zsmalloc",
    ]);
    expect(results.every(({ mismatches }) => mismatches === 0)).toBe(true);
    expect(saving.estimates[0]!.savedPercent).toBeGreaterThan(50);
    expect((await pagetier(...args)).output).toMatch(
      /holds .* of anonymous memory in RAM\.\nCompressed with .* would be saved/,
    );
  });

  test("a process that is not there: one sentence, status 2", async () => {
    const { status, messages } = await pagetier("pool", "--pid", "4194304");
    expect(messages).toMatch(/There is no process 4194304/);
    expect(status).toBe(2);
  });
});

test("on other systems it says that it cannot", async () => {
  await expect(readProcessMemory(1, { limitPages: 64, platform: "darwin" })).rejects.toMatchObject({
    code: "PROCESS_PLATFORM",
  });
});

test("a process without memory of its own", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pagetier-proc-"));
  await mkdir(join(folder, "7"));
  await Promise.all(["smaps", "mem", "comm"].map((name) => writeFile(join(folder, "7", name), "")));
  const reading = readProcessMemory(7, { limitPages: 64, proc: folder, platform: "linux" });
  await expect(reading).rejects.toMatchObject({ code: "PROCESS_EMPTY" });
  await rm(folder, { recursive: true });
});

test("mappings: private ones, with what smaps says of them", () => {
  const text = [
    "7f0000000000-7f0000004000 rw-p 00000000 00:00 0 ",
    "Rss:                  12 kB",
    "Anonymous:             8 kB",
    "Swap:                  4 kB",
    "7f0000004000-7f0000006000 r--s 00000000 fe:00 12 /lib/shared file",
    "Anonymous:             8 kB",
    "7ffc00000000-7ffc00004000 r--p 00000000 00:00 0                          [vvar]",
  ].join("\n");
  const [first, second, ...rest] = parseMappings(text);
  expect(first).toEqual({
    start: 0x7f0000000000,
    pages: 4,
    name: "",
    readable: true,
    anonymousPages: 2,
    swappedPages: 1,
  });
  expect(second).toMatchObject({ name: "[vvar]", pages: 4, anonymousPages: undefined });
  expect(rest).toEqual([]);
});

/** A folder like /proc/N whose pagemap is missing. */
async function copyOfProc(pid: number): Promise<{ smaps: string; folder: string; proc: string }> {
  const proc = await mkdtemp(join(tmpdir(), "pagetier-proc-"));
  await mkdir(join(proc, String(pid)));
  const smaps = await readFile(`/proc/${pid}/smaps`, "utf8");
  await writeFile(join(proc, String(pid), "smaps"), smaps);
  await symlink(`/proc/${pid}/mem`, join(proc, String(pid), "mem"));
  return { smaps, folder: proc, proc };
}

/** Different marks of the child's pages; its buffer need not begin at a page's start. */
function marksIn(bytes: Uint8Array): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return new Set([...text.matchAll(/pagetier page (\d+)\0/g)].map(([, mark]) => mark)).size;
}
