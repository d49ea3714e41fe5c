import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FRONTSWAP_OPS, openFrontswapTrace } from "../src/index.js";
import { scratchFolder, sharedFolder } from "./files.js";

const write = scratchFolder();
const shared = sharedFolder();
const LETTERS = Object.keys(FRONTSWAP_OPS);

/** Operations as `phase: op type/offset ok`. */
async function operations(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { phase, length, us, ops, types, offsets, ok } of await openFrontswapTrace(path)) {
    for (let index = 0; index < length; index++) {
      const op = LETTERS[ops[index]!];
      found.push(`${phase}: ${us[index]} ${op} ${types[index]}/${offsets[index]} ${ok[index]}`);
    }
  }
  return found;
}

const SAMPLE =
  "us,op,type,offset,ok\n# start\n10,S,0,7,1\n11,S,31,67108863,0\n# work\n12,W,31,67108863,\n13,L,0,7,1\n15,I,0,7,\n15,A,0,0,";
const EXPECTED = [
  "start: 10 store 0/7 1",
  "start: 11 store 31/67108863 0",
  "work: 12 deviceWrite 31/67108863 0",
  "work: 13 load 0/7 1",
  "work: 15 invalidatePage 0/7 0",
  "work: 15 invalidateArea 0/0 0",
];

test("reads operations and the phase that each belongs to", async () => {
  expect(await operations(write("ops.csv", SAMPLE))).toEqual(EXPECTED);
  expect(await operations(write("ops-crlf.csv", SAMPLE.replaceAll("\n", "\r\n")))).toEqual(EXPECTED);
  expect(await operations(write("ops.csv.gz", gzipSync(SAMPLE)))).toEqual(EXPECTED);
});

test("reads batches of a long phase one after another", async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `${index},S,0,${index},1`);
  const found = await operations(write("long.csv", `us,op,type,offset,ok\n# p\n${lines.join("\n")}\n`));
  expect(found).toHaveLength(20_000);
  expect(found.at(-1)).toBe("p: 19999 store 0/19999 1");
});

test("can be read again from the start", async () => {
  const trace = await openFrontswapTrace(write("again.csv", SAMPLE));
  for (let reading = 0; reading < 2; reading++) {
    let count = 0;
    for await (const { length } of trace) count += length;
    expect(count).toBe(EXPECTED.length);
  }
});

describe("names the line that is no operation:", () => {
  const check = (line: string): void =>
    test(line, async () => {
      const path = write("bad.csv", `us,op,type,offset,ok\n10,S,0,1,1\n${line}\n`);
      await expect(operations(path)).rejects.toMatchObject({ code: "TRACE_BAD_LINE", context: { line: 3 } });
    });

  check("11,X,0,1,1");
  check("11,S,0,1,");
  check("11,I,0,1,1");
  check("11,L,32,1,1");
  check("11,L,0,67108864,1");
  check("11,L,0,-1,1");
  check("11,L,0,1");
  check("x".repeat(100_000));
});

test("refuses a file of something else", async () => {
  await expect(operations(write("keys.csv", "1\n2\n3\n"))).rejects.toMatchObject({ code: "TRACE_FORMAT" });
});

describe.skipIf(shared === undefined)("recorded traces (skipped where there are none beside the repository)", () => {
  test("have as many operations of each kind as were counted", async () => {
    const folder = `${shared}reference/kernel/`;
    const { frontswapTraces } = JSON.parse(readFileSync(`${folder}expected.json`, "utf8"));
    for (const [name, { ops, counts }] of Object.entries<{ ops: number; counts: object }>(frontswapTraces)) {
      const counted: Record<string, number> = {};
      const found = await operations(`${folder}frontswap-traces/${name}.csv.gz`);
      for (const text of found) {
        const [, , op, , ok] = text.split(" ");
        const letter = { store: "S", load: "L", invalidatePage: "I", invalidateArea: "A", deviceWrite: "W" }[op!]!;
        const kind = "SL".includes(letter) ? `${letter}_${ok === "1" ? "ok" : "no"}` : letter;
        counted[kind] = (counted[kind] ?? 0) + 1;
      }
      expect(found).toHaveLength(ops);
      expect(counted).toEqual(counts);
    }
  });
});
