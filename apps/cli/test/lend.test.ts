// `pagetier lend` beside a real engine, on a machine that the test describes.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NO_REDIS, RedisServer, redisProgram } from "@pagetier/redis/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workplace } from "./command.js";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
  await mkdir(place.path("proc"));
});
afterAll(() => place.remove());

function setMachine(availableMib: number): Promise<void> {
  const text = `MemTotal: ${8192 * 1024} kB\nMemAvailable: ${availableMib * 1024} kB\n`;
  return writeFile(join(place.path("proc"), "meminfo"), text);
}

/** The engine's limit, once it is another than `before`. */
async function limitAfter(server: RedisServer, before: number): Promise<number> {
  for (;;) {
    const answer = await server.command("CONFIG", "GET", "maxmemory");
    const limit = Number(/\n(\d+)\r\n$/.exec(answer)?.[1]);
    if (limit !== before) return limit;
    await sleep(20);
  }
}

describe.skipIf(redisProgram === undefined)(`lend (${redisProgram ?? NO_REDIS})`, () => {
  test.each([["for people", []] as const, ["as lines of JSON", ["--json"]] as const])(
    "follows the machine until it is interrupted, and says so %s",
    async (_, flags) => {
      await using server = await RedisServer.start();
      await server.command("SET", "pt:{web-3.life:0/1}/2", "x".repeat(3000));
      await setMachine(4000);
      const args = ["lend", "--redis", server.url, "--memory", "64MiB", "--keep-free", "1000MiB", "--interval", "100"];
      const limits: number[] = [];
      const ended = await place.run([...args, "--proc", "proc", ...flags], {
        whileRunning: async (child) => {
          limits.push(await limitAfter(server, 0));
          await setMachine(100);
          limits.push(await limitAfter(server, limits[0]!));
          await sleep(300);
          child.kill("SIGINT");
        },
      });
      expect(limits[0]).toBe(64 * 2 ** 20);
      expect(limits[1]).toBeLessThan(8 * 2 ** 20);
      expect(ended).toMatchObject({ status: 130, signal: undefined, left: [] });
      expect(ended.stderr).toMatch(/^pagetier: Interrupted; the engine keeps its limit of [\d.]+ [KM]iB\.\n$/);
      if (flags.length === 0) {
        expect(ended.stdout).toMatch(
          /growing: 64 MiB of 64 MiB; .* used; 1 page must be kept, 0 may go; machine has 3.9 GiB/,
        );
        expect(ended.stdout).toMatch(/overcommitted: .* which is kept for others, where 0 B would do/);
        expect(ended.stdout).toMatch(/^ {2}web-3: 1 page must be kept \([\d.]+ KiB\), 0 may go \(0 B\)$/m);
        return;
      }
      const looks = ended.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(looks[0]).toMatchObject({ state: "growing", limitBytes: limits[0], keptKeys: 1, stallShare: null });
      expect(looks[0].clients["web-3"]).toMatchObject({ persistentPages: 1, ephemeralPages: 0 });
      expect(looks.at(-1)).toMatchObject({ state: "overcommitted", wantedBytes: 0, counters: { clients: 1 } });
    },
  );
});

describe("lend", () => {
  test.each([
    [["--redis", "here", "--memory", "64MiB"], /--redis: write redis:\/\/host:port/],
    [["--redis", "redis://x", "--memory", "lots"], /--memory is "lots"; write a size/],
    [["--redis", "redis://x", "--memory", "64MiB", "--interval", "often"], /--interval: write a whole number/],
    [["--redis", "redis://x", "--memory", "64MiB", "--proc", "nowhere"], /nothing tells how much memory/],
  ])("%j is a wrong command", async (args, message) => {
    const ended = await place.run(["lend", ...args]);
    expect(ended).toMatchObject({ status: 2, stdout: "" });
    expect(ended.stderr).toMatch(message);
  });

  test("without an engine fails", async () => {
    await setMachine(4000);
    const ended = await place.run(["lend", "--redis", "redis://127.0.0.1:1", "--memory", "64MiB", "--proc", "proc"]);
    expect(ended).toMatchObject({ status: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^pagetier: Redis at 127\.0\.0\.1:1 does not answer: .*\(REDIS_SILENT\)\n$/);
  });
});
