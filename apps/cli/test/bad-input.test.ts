// Whatever is wrong with the command ends in one sentence that names the place, the value and the remedy: status 2,
// nothing on standard output, no stack trace, and no file that was not there before.

import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, type Ended, Workplace } from "./command.js";

const PAGE_SIZE = 4096;
const INPUTS = ["--trace", "t.u32.gz", "--pages", "p.pages.gz"];

/** How each zstd frame begins. */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

let place: Workplace;

beforeAll(async () => {
  place = await Workplace.make();
  const trace = gunzipSync(await readFile(BUNDLED_TRACE)).subarray(0, 400_000);
  const pages = gunzipSync(await readFile(BUNDLED_PAGES)).subarray(0, 64 * PAGE_SIZE);
  const traceGz = gzipSync(trace);
  const pagesGz = gzipSync(pages);
  const files: Record<string, Uint8Array | string> = {
    "t.u32.gz": traceGz,
    "p.pages.gz": pagesGz,
    "p.pages": pages,
    "requests.bin": trace,
    "memory.bin": pages,
    "truncated.u32": trace.subarray(0, 100_003),
    "odd.pages": pages.subarray(0, 10_001),
    "empty.u32": "",
    "empty.pages": "",
    "empty.u32.gz": gzipSync(""),
    "cut.u32.gz": traceGz.subarray(0, traceGz.length >> 1),
    "cut.pages.gz": pagesGz.subarray(0, pagesGz.length >> 1),
    "damaged.u32.gz": damaged(traceGz),
    "damaged.pages.gz": damaged(pagesGz),
    "cut.u32.zst": zstdRaw(trace.subarray(0, 4000)).subarray(0, 2000),
    "cut.pages.zst": zstdRaw(pages.subarray(0, PAGE_SIZE)).subarray(0, 2000),
    "damaged.u32.zst": new Uint8Array([...ZSTD_MAGIC, 0x24, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    "damaged.pages.zst": new Uint8Array([...ZSTD_MAGIC, 0x24, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    "unknown-plugin.yaml": "frontswap: { use: zswap, allocator: zsmaloc }",
    "unknown-key.yaml": "memroy: 64MiB",
    "unknown-option.yaml": "frontswap: { use: zswap, maxPoolPercnt: 20 }",
    "wrong-option.yaml": "frontswap: { use: zswap, maxPoolPercent: 200 }",
    "wrong-unit.yaml": "memory: 64MB",
    "wrong-size.yaml": "swap: { use: file, size: 64MB }",
    "not-yaml.yaml": "memory: [64MiB",
    "conflict.yaml": "reclaim: { poolFull: writeback-lru }",
    "store-nowhere.yaml": "swap: { use: file, path: ./no-such-folder/swap.img }",
    "store-under-file.yaml": "swap: { use: file, path: ./p.pages/swap.img }",
    "store-folder.yaml": "swap: { use: file, path: ./folder }",
    "store-too-large.yaml": "swap: { use: file, path: ./whole.img, size: 8MiB, preallocate: true }",
  };
  await mkdir(place.path("folder"));
  for (const [name, content] of Object.entries(files)) await writeFile(place.path(name), content);
  await copyFile(BUNDLED_TRACE, place.path("swapped.u32.gz"));
});

afterAll(() => place.remove());

/** A zstd frame of one raw block: valid until it is cut. */
function zstdRaw(content: Uint8Array): Uint8Array {
  const header = 1 | (content.length << 3); // The last block, raw.
  const frame = [...ZSTD_MAGIC, 0x60, (content.length - 256) & 255, (content.length - 256) >> 8];
  return new Uint8Array([...frame, header & 255, (header >> 8) & 255, header >> 16, ...content]);
}

function damaged(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  const middle = copy.length >> 1;
  for (let index = middle; index < middle + 64; index++) copy[index]! ^= 0x5a;
  return copy;
}

function expectOneSentence(ended: Ended, says: readonly RegExp[], status = 2): void {
  const lines = ended.stderr.split("\n");
  expect(lines.pop(), "the sentence ends its line").toBe("");
  expect(lines, "one line").toHaveLength(1);
  expect(lines[0]).toMatch(/^pagetier: ./);
  for (const word of says) expect(lines[0]).toMatch(word);
  expect(ended.stderr).not.toMatch(/\n\s+at |Error:|undefined|\[object/);
  expect(ended.stdout).toBe("");
  expect(ended.status).toBe(status);
  expect(ended.left).toEqual([]);
}

/** What was written, and what the sentence says. */
type Case = readonly [name: string, args: readonly string[], ...says: RegExp[]];

const run = (...args: string[]): readonly string[] => ["run", "zswap", ...args];
const trace = (name: string): readonly string[] => run("--trace", name, "--pages", "p.pages.gz");
const pages = (name: string): readonly string[] => run("--trace", "t.u32.gz", "--pages", name);
const recipe = (name: string): readonly string[] => ["run", `./${name}`, ...INPUTS];

const CASES: readonly Case[] = [
  ["a trace that does not exist", trace("no.u32"), /trace no\.u32 does not exist; check the path/],
  ["a page file that does not exist", pages("no.pages"), /page file no\.pages does not exist/],
  ["a path through a file", trace("p.pages/t.u32"), /p\.pages\/t\.u32 does not exist, a part of its path is a file/],
  ["a folder as trace", trace("folder"), /trace folder is a directory; name a file in it/],
  ["a folder as page file", pages("folder"), /page file folder is a directory/],
  ["a truncated trace", trace("truncated.u32"), /truncated\.u32 ends inside a record/, /3 are left at byte 100000/],
  ["a truncated .gz trace", trace("cut.u32.gz"), /cut\.u32\.gz ends too early \(gzip, near byte \d+ of \d+\); fetch/],
  ["a truncated .zst trace", trace("cut.u32.zst"), /cut\.u32\.zst ends too early \(zstd/],
  ["a damaged .gz trace", trace("damaged.u32.gz"), /damaged\.u32\.gz is damaged \(gzip/],
  ["a damaged .zst trace", trace("damaged.u32.zst"), /damaged\.u32\.zst (is damaged|ends too early) \(zstd/],
  ["a truncated .gz page file", pages("cut.pages.gz"), /cut\.pages\.gz ends too early \(gzip/],
  ["a truncated .zst page file", pages("cut.pages.zst"), /cut\.pages\.zst ends too early \(zstd/],
  ["a damaged .gz page file", pages("damaged.pages.gz"), /damaged\.pages\.gz is damaged \(gzip/],
  ["a damaged .zst page file", pages("damaged.pages.zst"), /damaged\.pages\.zst (is damaged|ends too early) \(zstd/],
  ["a page file of odd length", pages("odd.pages"), /odd\.pages holds 10001 bytes/, /1809 bytes more; give a file/],
  ["an empty trace", trace("empty.u32"), /trace empty\.u32 is empty \(0 bytes\)/],
  ["an empty page file", pages("empty.pages"), /page file empty\.pages is empty/],
  ["a trace that is empty when unpacked", trace("empty.u32.gz"), /empty\.u32\.gz holds no request/],
  [
    "trace and pages swapped, by name",
    run("--trace", "p.pages.gz", "--pages", "t.u32.gz"),
    /did you swap --trace and --pages\?/,
  ],
  [
    "trace and pages swapped, by content",
    run("--trace", "memory.bin", "--pages", "requests.bin"),
    /if it holds pages, use it as page file/,
  ],
  ["a trace as page file", pages("swapped.u32.gz"), /did you swap --trace and --pages\?/],
  ["an unknown preset", ["run", "zswp", ...INPUTS], /no preset zswp; did you mean zswap\?/, /\.\/zswp\.yaml/],
  [
    "an unknown preset among others",
    ["compare", "none", "zzz", ...INPUTS],
    /no preset zzz; known are none, .*simple, /,
  ],
  ["a recipe that does not exist", recipe("no.yaml"), /no recipe \.\/no\.yaml/, /write a preset's name/],
  ["an unknown plugin", recipe("unknown-plugin.yaml"), /frontswap\.allocator/, /zsmaloc; did you mean zsmalloc\?/],
  ["an unknown key", recipe("unknown-key.yaml"), /memroy is no known key; did you mean memory\?/],
  ["an unknown option of a plugin", recipe("unknown-option.yaml"), /maxPoolPercnt/, /did you mean maxPoolPercent\?/],
  ["a wrong option of a plugin", recipe("wrong-option.yaml"), /frontswap\.maxPoolPercent is 200; expected .*100/],
  ["a recipe that is no YAML", recipe("not-yaml.yaml"), /not-yaml\.yaml, line \d+, column \d+/],
  ["two keys that contradict each other", recipe("conflict.yaml"), /reclaim\.poolFull/, /swap names no store/],
  [
    "a wrong unit on the command line",
    run(...INPUTS, "--memory", "64MB"),
    /--memory is "64MB"/,
    /Did you mean (64)?MiB\?/,
  ],
  ["a wrong unit in a recipe", recipe("wrong-unit.yaml"), /memory: .*"64MB"/, /Did you mean (64)?MiB\?/],
  ["a wrong unit of a store", recipe("wrong-size.yaml"), /swap\[0\]\.size.*"64MB"/, /Did you mean (64)?MiB\?/],
  ["memory below the minimum", run(...INPUTS, "--memory", "64KiB"), /"64KiB"; write at least 1 MiB/],
  ["no memory", run(...INPUTS, "--memory", "0"), /"0"; write at least 1 MiB/],
  ["a negative memory", run(...INPUTS, "--memory=-5"), /--memory is "-5"; write a size like/],
  ["a percentage as memory", run(...INPUTS, "--memory", "20%"), /--memory is "20%"; write a size like/],
  ["a store path in a folder that is none", recipe("store-nowhere.yaml"), /swap\.img: its directory does not exist/],
  [
    "a store path under a file",
    recipe("store-under-file.yaml"),
    /p\.pages\/swap\.img: a part of its path is not a dir/,
  ],
  ["a store path that is a folder", recipe("store-folder.yaml"), /folder: it is a directory; name a file in it/],
  ["--limit 0", run(...INPUTS, "--limit", "0"), /--limit .*'0' is invalid\. Write a positive whole number/],
  ["a fraction as limit", run(...INPUTS, "--limit", "1.5"), /--limit .*'1\.5' is invalid/],
  ["--seed x", run(...INPUTS, "--seed", "x"), /--seed .*'x' is invalid\. Write a whole number/],
  ["an unknown format", run(...INPUTS, "--format", "u64"), /"u64" is unknown; write one of u32, oracleGeneral, lcs, /],
  ["an unknown kind of time", run(...INPUTS, "--time", "lunar"), /--time .*'lunar' is invalid\. Allowed choices are/],
  ["an unknown option", run(...INPUTS, "--memroy", "64MiB"), /unknown option '--memroy' \(Did you mean --memory\?\)/],
  ["an unknown command", ["rnu"], /unknown command 'rnu' \(Did you mean run\?\)/],
  ["a missing option", run("--pages", "p.pages.gz"), /'--trace <file>' not specified/],
  ["an argument too many", run("none", ...INPUTS), /too many arguments/],
  ["no recipe to compare", ["compare", ...INPUTS], /missing required argument 'recipes'/],
  ["pool: a page file that does not exist", ["pool", "--pages", "no.pages"], /page file no\.pages does not exist/],
  ["pool: a page file of odd length", ["pool", "--pages", "odd.pages"], /odd\.pages holds 10001 bytes/],
  ["pool: a trace as page file", ["pool", "--pages", "t.u32.gz"], /looks like a trace/],
  ["pool: an unknown allocator", ["pool", "--pages", "p.pages", "--allocator", "zsmaloc"], /did you mean zsmalloc\?/],
  ["pool: an unknown compressor", ["pool", "--pages", "p.pages", "--compressor", "lz5"], /lz5; did you mean lz4/],
  [
    "pool: an unknown option of an allocator",
    ["pool", "--pages", "p.pages", "--allocator", "zsmalloc:chainPage=4"],
    /zsmalloc:chainPage=4/,
    /chainPage/,
  ],
  [
    "pool: a wrong option of an allocator",
    ["pool", "--pages", "p.pages", "--allocator", "zsmalloc:chainPages=99"],
    /--allocator zsmalloc:chainPages=99: chainPages is 99; expected number to be <=16\./,
    /16/,
  ],
  [
    "pool: an option without a value",
    ["pool", "--pages", "p.pages", "--allocator", "zsmalloc:chainPages"],
    /"chainPages" in "zsmalloc:chainPages" is no option; write name:key=value/,
  ],
];

describe("a wrong command", () => {
  const cases = CASES.map(([name, args, ...says]) => ({ name, args, says }));
  test.concurrent.each(cases)("$name", async ({ args, says }) => {
    const before = await readdir(place.folder);
    expectOneSentence(await place.run(args), says);
    expect(await readdir(place.folder)).toEqual(before);
  });

  test.skipIf(process.platform === "win32")("a store that does not fit the disk leaves no file", async () => {
    const before = await readdir(place.folder);
    const ended = await place.run(recipe("store-too-large.yaml"), { fileKiB: 1024 });
    expectOneSentence(ended, [/whole\.img: the file may not get that large; .*ulimit -f/]);
    expect(await readdir(place.folder)).toEqual(before);
  });

  test("without a command: what there is, on standard error", async () => {
    const ended = await place.run([]);
    expect(ended).toMatchObject({ status: 2, stdout: "", left: [] });
    expect(ended.stderr).toMatch(/Usage: pagetier/);
  });
});
