import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CONTAINER_OPS, Container } from "@pagetier/trace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workplace } from "./command.js";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
});
afterAll(() => place.remove());

const hasValgrind = process.platform === "linux" && spawnSync("valgrind", ["--version"]).status === 0;
const PAGE = 4096;

/** A core dump of two pages, of ones and of twos, at 0x1000. */
function writeCore(path: string): void {
  const bytes = Buffer.alloc(3 * PAGE);
  bytes.write("7f454c460201010000000000000000000400", "hex");
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64);
  for (const [at, value] of [
    [72, PAGE],
    [80, PAGE],
    [96, 2 * PAGE],
  ] as const)
    bytes.writeBigUInt64LE(BigInt(value), at);
  bytes.fill(1, PAGE, 2 * PAGE);
  bytes.fill(2, 2 * PAGE);
  writeFileSync(path, bytes);
}

describe("trace import of what lackey said", () => {
  test("takes contents from the dump", async () => {
    writeCore(place.path("core"));
    writeFileSync(
      place.path("run.log"),
      "==9== hello\nI  00400000,3\n L 00001000,8\nI  00400003,3\n S 00002008,8\nI  00400006,3\n S 00001000,8\n" +
        "SYSCALL[9,1](11) sys_munmap ( 0x2000, 4096 )[sync] --> Success(0x0)\n",
    );
    const made = await place.run([
      "trace",
      "import",
      "--lackey",
      "run.log",
      "--dump",
      "core",
      "--output",
      "x.ptt",
      "--filter-pages",
      "1",
      "--json",
    ]);
    expect(made).toMatchObject({ status: 0, stderr: "", left: [] });
    expect(JSON.parse(made.stdout)).toMatchObject({
      output: "x.ptt",
      accesses: 3,
      instructions: 3,
      isWhole: false,
      totals: { counts: { alloc: 2, write: 4, read: 1, free: 1 }, contents: 2, durationNs: 3 },
    });
    const container = await Container.open(place.path("x.ptt"));
    expect(container.about).toMatchObject({ program: "run.log with core" });
    const reading = container.read();
    const bytes: number[] = [];
    for await (const batch of reading) {
      for (let index = 0; index < batch.length; index++) {
        const op = batch.ops[index];
        if (op === CONTAINER_OPS.write || op === CONTAINER_OPS.writePart)
          bytes.push(reading.window.bytes(batch.slots[index]!)[9]!);
      }
    }
    expect(bytes).toEqual([1, 2, 2, 1]);
  });

  test("refuses what is wrong in one sentence, and leaves nothing", async () => {
    writeCore(place.path("core"));
    writeFileSync(place.path("wrong.log"), "I  00400000,3\nhello\n");
    writeFileSync(place.path("empty.log"), "==9== hello\n");
    const out = ["--output", "y.ptt"];
    const cases: readonly (readonly [args: readonly string[], status: number, message: RegExp])[] = [
      [["--output", "y.ptt"], 2, /Nothing to import; give a program behind --/],
      [[...out, "--lackey", "wrong.log"], 2, /no contents; give a core dump/],
      [[...out, "--dump", "core", "--", "true"], 2, /--dump belongs to --lackey/],
      [[...out, "--lackey", "wrong.log", "--dump", "core", "--", "true"], 2, /exclude each other/],
      [["--output", "y.bin", "--", "true"], 2, /does not end in \.ptt/],
      [["--", "true"], 2, /required option '--output <file>' not specified/],
      [[...out, "--lackey", "wrong.log", "--dump", "core"], 1, /Line 2 of wrong\.log .*\(TRACE_BAD_LINE\)/],
      [[...out, "--lackey", "empty.log", "--dump", "core"], 1, /holds no access.*\(TRACE_EMPTY\)/],
      [[...out, "--lackey", "none.log", "--dump", "core"], 1, /none\.log cannot be read.*\(TRACE_OPEN\)/],
      [[...out, "--lackey", "wrong.log", "--dump", "wrong.log"], 1, /no ELF file.*\(TRACE_DUMP\)/],
      [["--output", "none/y.ptt", "--", "true"], 1, /cannot be written \(ENOENT\).*\(TRACE_WRITE\)/],
    ];
    for (const [args, status, message] of cases) {
      const ended = await place.run(["trace", "import", ...args]);
      expect(ended.stderr).toMatch(message);
      expect(ended).toMatchObject({ status, stdout: "", left: [] });
      expect(existsSync(place.path("y.ptt")) || existsSync(place.path("y.ptt.part"))).toBe(false);
    }
  });
});

describe.skipIf(!hasValgrind)("trace import of a program (skipped without valgrind)", () => {
  test("captures it to its end, the dynamic loader's frees included", async () => {
    const made = await place.run(["trace", "import", "--output", "true.ptt", "--json", "--", "/bin/true"]);
    expect(made).toMatchObject({ status: 0, left: [] });
    const { totals, isWhole, accesses } = JSON.parse(made.stdout);
    expect(isWhole).toBe(true);
    expect(accesses).toBeGreaterThan(10_000);
    expect(totals.counts).toMatchObject({ exit: 1 });
    expect(totals.counts.free).toBeGreaterThan(0);
    expect(totals.counts.alloc).toBeGreaterThan(20);
    expect(readFileSync(place.path("true.ptt")).length).toBeGreaterThan(PAGE);
  });

  test("stops at a limit", async () => {
    const made = await place.run([
      "trace",
      "import",
      "--output",
      "cut.ptt",
      "--limit",
      "5000",
      "--json",
      "--",
      "/bin/true",
    ]);
    expect(made).toMatchObject({ status: 0, left: [] });
    const { isWhole, accesses, totals } = JSON.parse(made.stdout);
    expect(isWhole).toBe(false);
    expect(accesses).toBeGreaterThanOrEqual(5000);
    expect(totals.counts.exit).toBe(0);
  });

  test("says that there is no such program", async () => {
    const made = await place.run(["trace", "import", "--output", "no.ptt", "--", "/no/such/program"]);
    expect(made.status).toBe(1);
    expect(made.stderr).toMatch(/\/no\/such\/program did not begin under valgrind.*\(CAPTURE_PROGRAM\)/);
    expect(made.left).toEqual([]);
  });

  test("ends on Ctrl-C, and leaves neither file nor process", async () => {
    const ended = await place.run(["trace", "import", "--output", "stopped.ptt", "--", "sleep", "100"], {
      whileRunning: async (child) => {
        while (!existsSync(place.path("stopped.ptt.part"))) await new Promise((resolve) => setTimeout(resolve, 20));
        await new Promise((resolve) => setTimeout(resolve, 300));
        child.kill("SIGINT");
      },
    });
    expect(ended).toMatchObject({ status: 130, left: [] });
    expect(existsSync(place.path("stopped.ptt.part"))).toBe(false);
  });
});
