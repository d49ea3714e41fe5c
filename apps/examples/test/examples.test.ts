// Every example runs, says what is written here, and the README shows the first one as it is.

import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const SOURCES = new URL("../src/", import.meta.url);
const BUILT = new URL("../dist/", import.meta.url);
const README = new URL("../../../README.md", import.meta.url);

/** What each example logs. */
const LOGS: Readonly<Record<string, readonly string[]>> = {
  "01-larger-than-memory": [
    'page 42 says "record 42" and is resident now',
    "resident holds pages",
    "zswap holds pages",
    "file holds pages",
  ],
  "02-custom-recipe": [
    "2048 of 2048 pages read back",
    "a page in the pool takes 2048 bytes or so",
    "some faults were served from the pool: true, from the file: true",
    "the store and its filters count at swap[0], swap[0].next, swap[0].next.next",
  ],
  "03-react-to-pressure": [
    "resident before: all",
    "at least 4 MiB given back: true",
    "page 0 is in no tier",
    'page 100 says "entry 100"',
  ],
};

interface Example {
  run(log: (line: string) => void): Promise<void>;
}

test("every example has its log here", async () => {
  const numbered = (await readdir(SOURCES)).filter((name) => /^\d\d-.*\.ts$/.test(name));
  expect(numbered.map((name) => name.replace(/\.ts$/, "")).sort()).toEqual(Object.keys(LOGS).sort());
});

test.each(Object.entries(LOGS))("%s says what it should", async (name, expected) => {
  const example = (await import(new URL(`${name}.js`, BUILT).href)) as Example;
  const lines: string[] = [];
  await example.run((line) => lines.push(line));
  expect(lines).toEqual(expected);
});

/** The lines between the marks of an example, without their indentation. */
async function snippet(name: string): Promise<string> {
  const source = await readFile(new URL(`${name}.ts`, SOURCES), "utf8");
  const match = /^( *)\/\/ example:begin\n([\s\S]*?)^ *\/\/ example:end$/m.exec(source);
  if (match === null) throw new Error(`${name} has no example:begin and example:end`);
  const [, indentation, body] = match;
  return body!.replaceAll(new RegExp(`^${indentation}`, "gm"), "").trimEnd();
}

test("the first example is short enough for a README", async () => {
  const lines = (await snippet("01-larger-than-memory")).split("\n").filter((line) => line.trim() !== "");
  expect(lines.length).toBeLessThanOrEqual(15);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(120);
});

test("the README shows the first example as it is", async (context) => {
  const readme = await readFile(README, "utf8").catch(() => "");
  if (readme.includes("createStack(")) expect(readme).toContain(await snippet("01-larger-than-memory"));
  else context.skip("there is no README.md with library use at the root yet");
});
