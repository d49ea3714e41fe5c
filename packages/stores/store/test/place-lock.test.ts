import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TierError } from "@pagetier/base";
import { afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { lockPlace } from "../src/index.js";

const CHILD = fileURLToPath(new URL("children/lock.mjs", import.meta.url));
const posix = process.platform !== "win32";

let directory: string;
let path: string;

beforeAll(() => {
  const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  assert.ok(fs.existsSync(built), "build this package before its tests: the other processes run on dist");
});

beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
  path = join(directory, "place.lock");
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

const gone = (id: string): string => `${os.hostname()} 999999999 1 ${id}\n`;

function refuses(pattern: RegExp): void {
  assert.throws(
    () => lockPlace(path, "the test"),
    (error) => {
      assert.ok(TierError.is(error, "STORE_OPEN"));
      assert.match(error.message, pattern);
      return true;
    },
  );
}

describe("a lock", () => {
  test("is for one at a time, and leaves nothing", () => {
    const release = lockPlace(path, "the test");
    refuses(new RegExp(`^cannot open the test: process ${process.pid} is using it; .*remove .*place\\.lock if`));
    release();
    assert.deepEqual(fs.readdirSync(directory), []);
    lockPlace(path, "the test")();
  });

  test("that somebody else took by force is not released", () => {
    const release = lockPlace(path, "the test");
    fs.writeFileSync(path, gone("other"));
    release();
    assert.deepEqual(fs.readdirSync(directory), ["place.lock"]);
  });

  test("of another host is respected", () => {
    fs.writeFileSync(path, "elsewhere.example 7 123 x\n");
    refuses(/process 7 on host elsewhere\.example is using it/);
  });

  test("of a process that is gone is taken over, whatever it left", () => {
    const leftovers: Record<string, string>[] = [
      { "place.lock": gone("a") },
      { "place.lock": "" },
      { "place.lock": "garbage" },
      { "place.lock": gone("a"), "place.lock.after-a": gone("b") },
      { "place.lock": gone("a"), "place.lock.after-a": gone("b"), "place.lock.after-b": gone("c") },
      { "place.lock": gone("a"), "place.lock.after-z": gone("b"), "place.lock.999999999-0-0": gone("y") },
      { "place.lock.after-a": gone("b") },
    ];
    for (const files of leftovers) {
      for (const [name, content] of Object.entries(files)) fs.writeFileSync(join(directory, name), content);
      const release = lockPlace(path, "the test");
      assert.deepEqual(fs.readdirSync(directory), ["place.lock"]);
      release();
      assert.deepEqual(fs.readdirSync(directory), []);
    }
  });

  test.runIf(process.platform === "linux")("of another process with the same id is taken over", () => {
    fs.writeFileSync(path, `${os.hostname()} ${process.pid} 1 x\n`);
    lockPlace(path, "the test")();
  });

  test("that somebody is taking over is not taken over twice", () => {
    const release = lockPlace(join(directory, "mine"), "the test");
    const living = fs.readFileSync(join(directory, "mine"), "utf8");
    release();
    fs.writeFileSync(path, gone("a"));
    fs.writeFileSync(`${path}.after-a`, living);
    refuses(new RegExp(`process ${process.pid} is using it`));
    assert.deepEqual(fs.readdirSync(directory).sort(), ["place.lock", "place.lock.after-a"]);
  });
});

describe.runIf(posix)("between processes", () => {
  test("a process killed at any instant leaves nothing that stands in the next one's way", () => {
    for (const isStale of [false, true]) {
      let said = "";
      let kills = 0;
      for (let nth = 1; said !== "locked"; nth++) {
        if (isStale) fs.writeFileSync(path, gone("a"));
        const { stdout, signal } = spawnSync(process.execPath, [CHILD, "die", path, String(nth)], { encoding: "utf8" });
        said = stdout.trim();
        if (signal !== null) kills++;
        const release = lockPlace(path, "the test");
        assert.deepEqual(fs.readdirSync(directory), ["place.lock"]);
        release();
      }
      assert.ok(kills >= (isStale ? 8 : 3), `${kills} calls were its last`);
    }
  });

  test("of many that start at once one has it, also when it is a dead one's", async () => {
    for (const isStale of [false, true]) {
      if (isStale) {
        fs.writeFileSync(path, gone("a"));
        fs.writeFileSync(`${path}.after-a`, gone("b"));
      }
      const children = Array.from({ length: 5 }, () =>
        spawn(process.execPath, [CHILD, "hold", path], { stdio: ["pipe", "pipe", "inherit"] }),
      );
      const said = await Promise.all(
        children.map(async (child) => String((await once(child.stdout, "data"))[0]).trim()),
      );
      assert.deepEqual(said.sort(), [...Array<string>(4).fill("STORE_OPEN"), "locked"]);
      const ended = children.map((child) => child.exitCode ?? once(child, "exit"));
      for (const child of children) child.stdin.end();
      await Promise.all(ended);
      assert.deepEqual(fs.readdirSync(directory), []);
    }
  });
});
