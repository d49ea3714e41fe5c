import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { LinuxMemory } from "../src/lender/index.js";

const GIB = 2 ** 30;
const SECOND = 1e9;

/** Files that a test changes as it goes on. */
function machine(files: Record<string, string>): { files: Record<string, string>; memory: LinuxMemory } {
  return { files, memory: new LinuxMemory((path) => files[path]) };
}

const meminfo = (totalGib: number, availableGib: number): string =>
  `MemTotal:       ${totalGib * 2 ** 20} kB\nMemFree:  12 kB\nMemAvailable:   ${availableGib * 2 ** 20} kB\n`;
const pressure = (some: number): string =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n`;

/** A container: a cgroup of version 2 in a slice, mounted with a tree of its own. */
const CGROUP = {
  "/proc/self/cgroup": "4:pids:/other\n0::/slice/mine\n",
  "/proc/self/mountinfo":
    "22 1 0:20 / /proc rw - proc proc rw\n30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n",
};

describe("a machine's memory", () => {
  test("is what meminfo says", () => {
    const { memory } = machine({ "/proc/meminfo": meminfo(8, 3) });
    assert.equal(memory.totalBytes(), 8 * GIB);
    assert.deepEqual(memory.look(0), { availableBytes: 3 * GIB, stallShare: undefined });
  });

  test("stalls are the share of time between two looks", () => {
    const { files, memory } = machine({ "/proc/meminfo": meminfo(8, 3), "/proc/pressure/memory": pressure(1000) });
    assert.equal(memory.look(0).stallShare, undefined, "one look has nothing to compare with");
    files["/proc/pressure/memory"] = pressure(1000 + 300_000);
    assert.equal(memory.look(2 * SECOND).stallShare, 0.15);
    assert.equal(memory.look(4 * SECOND).stallShare, 0);
    assert.equal(memory.look(4 * SECOND).stallShare, undefined, "no time has passed");
  });

  test("is bounded by every limit from our cgroup upwards, idle page cache aside", () => {
    const { memory } = machine({
      ...CGROUP,
      "/proc/meminfo": meminfo(8, 3),
      "/sys/fs/cgroup/slice/mine/memory.max": "max\n",
      "/sys/fs/cgroup/slice/mine/memory.current": `${GIB}\n`,
      "/sys/fs/cgroup/slice/memory.max": `${4 * GIB}\n`,
      "/sys/fs/cgroup/slice/memory.high": `${2 * GIB}\n`,
      "/sys/fs/cgroup/slice/memory.current": `${GIB + GIB / 2}\n`,
      "/sys/fs/cgroup/slice/memory.stat": `anon 17\ninactive_file ${GIB / 4}\nactive_file ${GIB}\n`,
    });
    assert.equal(memory.totalBytes(), 2 * GIB);
    assert.equal(memory.look(0).availableBytes, (3 * GIB) / 4);
  });

  test("of stalls of the machine and of our cgroup the longer ones count", () => {
    const own = "/sys/fs/cgroup/slice/mine/memory.pressure";
    const { files, memory } = machine({ ...CGROUP, "/proc/pressure/memory": pressure(0), [own]: pressure(0) });
    memory.look(0);
    files[own] = pressure(500_000);
    files["/proc/pressure/memory"] = pressure(100_000);
    assert.equal(memory.look(SECOND).stallShare, 0.5);
  });

  test("what is missing or makes no sense is a source less, and a file that comes back starts anew", () => {
    const { files, memory } = machine({ "/proc/meminfo": "MemTotal: none\n", "/proc/pressure/memory": "" });
    assert.equal(memory.totalBytes(), undefined);
    assert.deepEqual(memory.look(0), { availableBytes: undefined, stallShare: undefined });
    files["/proc/pressure/memory"] = pressure(5);
    assert.equal(memory.look(SECOND).stallShare, undefined);
    files["/proc/pressure/memory"] = pressure(2); // Smaller: another kernel's, after a migration.
    assert.equal(memory.look(2 * SECOND).stallShare, 0);
  });

  test("may be that of a machine around the container", () => {
    const files: Record<string, string> = { "/host/proc/meminfo": meminfo(64, 9) };
    assert.equal(new LinuxMemory((path) => files[path], "/host/proc").look(0).availableBytes, 9 * GIB);
  });
});
