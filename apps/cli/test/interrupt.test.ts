// Ctrl-C, kill and a reader that goes away: nothing is left behind.

import { type ChildProcess, spawn } from "node:child_process";
import { open, readdir, readlink, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, Workplace } from "./command.js";

const DATA = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES];
/** Long enough to be interrupted: 77 MiB of data in 4 MiB. */
const LONG = [...DATA, "--memory", "4MiB", "--json"];

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
});
afterAll(() => place.remove());

/** Waits until the replay has begun to swap: something lies in the named store. */
async function untilSwapping(path: string): Promise<void> {
  for (;;) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.size > 0) return;
    await sleep(10);
  }
}

/** Waits until a process has its private store open, and answers where it lies. Linux only. */
async function privateStoreOf(child: ChildProcess): Promise<string> {
  for (;;) {
    const folder = `/proc/${child.pid}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const target = await readlink(`${folder}/${name}`).catch(() => "");
      if (/pagetier-[^/]*\/store/.test(target)) return target;
    }
    await sleep(5);
  }
}

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  test("ends a run with status 130 and one line", async () => {
    const store = `swap-${signal}.img`;
    await writeFile(place.path("named.yaml"), `swap: { use: file, path: ./${store} }\n`);
    const ended = await place.run(["run", "./named.yaml", ...LONG], {
      whileRunning: async (child) => {
        await untilSwapping(place.path(store));
        child.kill(signal);
      },
    });
    expect(ended).toMatchObject({ status: 130, signal: undefined, stdout: "", left: [] });
    expect(ended.stderr).toBe("pagetier: Interrupted; everything temporary is cleaned up.\n");
    expect((await readdir(place.folder)).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("a private store", () => {
  test("has no name from the start, so that even kill -9 leaves nothing", async () => {
    let target = "";
    const ended = await place.run(["run", "none", ...LONG], {
      whileRunning: async (child) => {
        target = await privateStoreOf(child);
        await sleep(200); // Somewhere in the middle.
        child.kill("SIGKILL");
      },
    });
    expect(target).not.toBe("");
    expect(ended).toMatchObject({ status: undefined, signal: "SIGKILL", stdout: "", left: [] });
  });

  test("is given back on Ctrl-C", async () => {
    const ended = await place.run(["compare", "none", "zswap", ...LONG], {
      whileRunning: async (child) => {
        await privateStoreOf(child);
        child.kill("SIGINT");
      },
    });
    expect(ended).toMatchObject({ status: 130, stdout: "", left: [] });
  });
});

describe("standard output", () => {
  const BIN = fileURLToPath(new URL("../bin/pagetier.mjs", import.meta.url));

  test("may be closed by a reader that has seen enough", async () => {
    const child = spawn(process.execPath, [BIN, "plugins", "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    const stderr: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const status = await new Promise((resolve) => child.once("close", resolve));
    expect(Buffer.concat(stderr).toString()).toBe("");
    expect(status).toBe(0);
  });

  test.skipIf(process.platform !== "linux")("on a full disk is one sentence", async () => {
    const full = await open("/dev/full", "w");
    const child = spawn(process.execPath, [BIN, "plugins", "--json"], { stdio: ["ignore", full.fd, "pipe"] });
    const stderr: Buffer[] = [];
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    const status = await new Promise((resolve) => child.once("close", resolve));
    await full.close();
    expect(Buffer.concat(stderr).toString()).toMatch(/^pagetier: The result cannot be written .* \(ENOSPC\); .*\n$/);
    expect(status).toBe(1);
  });
});
