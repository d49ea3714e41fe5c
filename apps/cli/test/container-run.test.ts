import { ContainerWriter } from "@pagetier/trace";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workplace } from "./command.js";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
  await writeMemory(place.path("memory.ptt"));
  await writeFiles(place.path("files.ptt"));
});
afterAll(() => place.remove());

const PAGES = 600; // More than the 1 MiB of memory that the runs get.

function pageOf(seed: number): Uint8Array {
  const words = Uint32Array.from({ length: 1024 }, (_, at) => Math.imul(seed + (at & 255), 0x9e3779b1));
  return new Uint8Array(words.buffer);
}

/** One microsecond after another. */
function microseconds(): () => number {
  let ns = 0;
  return () => {
    ns += 1000;
    return ns;
  };
}

/** Two processes; one ends, the other frees a part. */
async function writeMemory(path: string): Promise<void> {
  const writer = await ContainerWriter.create(path);
  const next = microseconds();
  const spaces = ["a", "b"].map((name) => writer.addSpace({ name, kind: "anon", filePages: 0 }));
  for (let page = 0; page < PAGES; page++) {
    for (const space of spaces) writer.write(space, page, next(), pageOf(page * 2 + space));
  }
  for (let page = 0; page < PAGES; page += 2) writer.read(spaces[0]!, page, next());
  writer.free(spaces[0]!, 100, 200, next());
  writer.exit(spaces[1]!, next());
  for (let page = 0; page < PAGES; page++) writer.read(spaces[0]!, page, next());
  await writer.close();
}

/** A file that holds something, is written, cut, and grows again. */
async function writeFiles(path: string): Promise<void> {
  const writer = await ContainerWriter.create(path);
  const next = microseconds();
  const file = writer.addSpace({ name: "log", kind: "file", filePages: PAGES });
  for (let page = 0; page < PAGES; page += 3) writer.preset(file, page, pageOf(page));
  for (let page = 0; page < PAGES; page++) writer.read(file, page, next());
  for (let page = 0; page < PAGES; page += 2) writer.write(file, page, next(), pageOf(page + 7));
  writer.fsync(file, next());
  writer.truncate(file, 300, next());
  writer.write(file, 700, next(), pageOf(1)); // Beyond the end.
  for (let page = 0; page < 700; page += 5) writer.read(file, page, next());
  writer.exit(file, next());
  await writer.close();
}

async function run(...args: string[]) {
  const ended = await place.run(["run", "zswap", "--memory", "1MiB", "--json", ...args]);
  expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
  return { report: JSON.parse(ended.stdout), stdout: ended.stdout };
}

test("a container of memory is replayed with its own contents, its frees and its exits", async () => {
  const { report } = await run("--trace", "memory.ptt");
  expect(report).toMatchObject({
    accesses: 2 * PAGES + PAGES / 2 + PAGES,
    reads: PAGES / 2 + PAGES,
    writes: 2 * PAGES,
    uniquePages: 2 * PAGES,
    verified: PAGES / 2 + PAGES,
    mismatches: 0,
    loop: "closed",
    operations: { frees: 1, exits: 1, freedPages: 200 + PAGES, livePages: PAGES - 200, livePagesMax: 2 * PAGES },
  });
  const { mm } = report.counters;
  expect(mm.resident_pages + mm.swapped_pages).toBe(PAGES - 200);
  expect(report.faults.major).toBeGreaterThan(0);
});

test("a container of a file begins with what it presets, and is cut and grows", async () => {
  const { report } = await run("--trace", "files.ptt");
  expect(report).toMatchObject({
    verified: PAGES + 140,
    mismatches: 0,
    operations: { truncates: 1, fsyncs: 1, exits: 1, livePages: 0 },
  });
  expect(report.counters.mm.file_reads).toBeGreaterThan(0);
});

test("virtual time prints the same bytes again, in an open loop too", async () => {
  for (const file of ["memory.ptt", "files.ptt"]) {
    const args = ["--trace", file, "--time", "virtual", "--loop", "open", "--speed", "2"];
    const { report, stdout } = await run(...args);
    expect(report).toMatchObject({ mismatches: 0, loop: "open", openLoop: { speed: 2 } });
    expect(report.latency.p99Ns).toBeGreaterThan(0);
    expect((await run(...args)).stdout).toBe(stdout);
  }
});

test("wrong combinations are refused in one sentence", async () => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["--trace", "memory.ptt", "--pages", "x"], /--pages is not for memory\.ptt/],
    [["--trace", "memory.ptt", "--speed", "2"], /--speed belongs to an open loop/],
    [["--trace", "memory.ptt", "--loop", "open", "--speed", "0"], /Write a positive number/],
    [["--trace", "none.ptt"], /none\.ptt does not exist/],
  ];
  for (const [args, message] of cases) {
    const ended = await place.run(["run", "zswap", ...args]);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ status: 2, stdout: "", left: [] });
  }
});
