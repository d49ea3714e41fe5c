import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import {
  CONTAINER_OPS,
  Container,
  generateTrace,
  KeyMap,
  openTrace,
  PageContents,
  REQUEST_OPS,
  renumberTrace,
  sampleTrace,
  type TraceReader,
  writeTrace,
  writtenFormatOf,
} from "../src/index.js";
import { PageVersions } from "../src/writers/page-versions.js";
import { scratchFolder } from "./files.js";

const file = scratchFolder();
const FORMATS = fileURLToPath(new URL("formats/", import.meta.url));
const PAGES = {
  name: "counted",
  pages: 96,
  bytes: Uint8Array.from({ length: 96 * PAGE_SIZE }, (_, index) => (index >> 5) ^ (index * 7)),
};

type Request = readonly [key: number, op: number, time: number | undefined];

function path(name: string): string {
  return join(file("marker", "x"), "..", name);
}

async function requestsOf(trace: TraceReader): Promise<Request[]> {
  const requests: Request[] = [];
  for await (const { length, keys, writes, ops, times } of trace) {
    for (let index = 0; index < length; index++)
      requests.push([keys[index]!, ops?.[index] ?? writes[index]!, times?.[index]]);
  }
  return requests;
}

async function readBack(name: string): Promise<Request[]> {
  return requestsOf(await openTrace(path(name), { frees: true }));
}

const LIVING = { kind: "zipf", pages: 300, requests: 12_000, lifetime: 500, requestsPerSecond: 1000 } as const;

describe("what is written is read back", () => {
  test.each(["a.u32", "a.u32.gz", "a.txt", "a.csv", "a.csv.gz", "a.iolog", "a.oracleGeneral"])("%s", async (name) => {
    const trace = generateTrace(LIVING);
    const written = await writeTrace(path(name), trace);
    const format = writtenFormatOf(name)!;
    expect(written.format).toBe(format);
    expect(written.fileBytes).toBe(statSync(path(name)).size);
    const all = await requestsOf(trace);
    const frees = all.filter(([, op]) => op === REQUEST_OPS.free).length;
    const hasFrees = format !== "u32" && format !== "oracleGeneral";
    const hasTimes = format === "csv" || format === "fio" || format === "oracleGeneral";
    const unit = { csv: 1, fio: 1000, oracleGeneral: 1e9 }[format as "csv"];
    const expected = all
      .filter(([, op]) => hasFrees || op !== REQUEST_OPS.free)
      .map(([key, op, time]) => {
        const write = format === "oracleGeneral" ? 0 : op;
        return [key, write, hasTimes ? Math.floor(time! / unit) * unit : undefined];
      });
    const found = (await readBack(name)).map(([key, op, time]) => [key, op, time && Math.round(time)]);
    expect(found.length).toBe(written.requests);
    expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
    expect(written.lost.frees ?? 0).toBe(hasFrees ? 0 : frees);
    expect("arrival times" in written.lost).toBe(!hasTimes);
    expect("writes, which are reads now" in written.lost).toBe(format === "oracleGeneral");
    expect(existsSync(`${path(name)}.part`)).toBe(false);
  });

  test("oracleGeneral, byte for byte as another program made it", async () => {
    const sample = `${FORMATS}objects.oracleGeneral.bin`;
    const trace = await openTrace(sample);
    await writeTrace(path("again.oracleGeneral"), trace);
    const [made, given] = [readFileSync(path("again.oracleGeneral")), readFileSync(sample)];
    const first = given.readUInt32LE(0); // Times begin at 0 here.
    for (let at = 0; at < given.length; at += 24) given.writeUInt32LE(given.readUInt32LE(at) - first, at);
    expect(made.equals(given)).toBe(true);
  });

  test("block traces keep their devices and times", async () => {
    const trace = await openTrace(`${FORMATS}msr.csv`);
    const requests = await requestsOf(trace);
    for (const name of ["msr-again.csv", "msr-again.iolog"]) {
      await writeTrace(path(name), trace);
      const again = await openTrace(path(name));
      expect(again.addresses).toBe("blocks");
      expect((await requestsOf(again)).map(([key, op]) => [key, op])).toEqual(requests.map(([key, op]) => [key, op]));
    }
  });
});

describe("a container", () => {
  /** Replays a container on arrays of bytes, and checks its reads against a second replay of the trace. */
  async function contentsOf(name: string): Promise<{ counts: Record<string, number>; pages: Map<string, Uint8Array> }> {
    const container = await Container.open(path(name));
    const pages = new Map<string, Uint8Array>();
    const reading = container.read();
    for await (const batch of reading) {
      for (let index = 0; index < batch.length; index++) {
        const id = `${batch.spaces[index]}/${batch.pages[index]}`;
        const op = batch.ops[index]!;
        const changes = op === CONTAINER_OPS.write || op === CONTAINER_OPS.writePart || op === CONTAINER_OPS.preset;
        if (op === CONTAINER_OPS.free) pages.delete(id);
        if (!changes) continue;
        const content = reading.window.bytes(batch.slots[index]!).slice();
        const before = pages.get(id);
        const [from, to] = [batch.offsets[index]!, batch.offsets[index]! + batch.lengths[index]!];
        if (op === CONTAINER_OPS.writePart) {
          expect(Buffer.from(content.subarray(0, from)).equals(before!.subarray(0, from))).toBe(true);
          expect(Buffer.from(content.subarray(to)).equals(before!.subarray(to))).toBe(true);
        }
        pages.set(id, content);
      }
    }
    return { counts: (await container.totals()).counts, pages };
  }

  test("of memory: first touches write, frees are there", async () => {
    const trace = generateTrace({ ...LIVING, requests: 4000 });
    const all = await requestsOf(trace);
    const written = await writeTrace(path("memory.ptt"), trace, { pages: PAGES });
    const { counts, pages } = await contentsOf("memory.ptt");
    const frees = all.filter(([, op]) => op === REQUEST_OPS.free).length;
    expect(counts.free).toBe(frees);
    expect(counts.read! + counts.write!).toBe(all.length - frees);
    expect(counts.write).toBeGreaterThan(all.filter(([, op]) => op === REQUEST_OPS.write).length);
    expect(written.requests).toBe(all.length);
    expect(written.lost).toEqual({});
    expect(pages.size).toBeGreaterThan(100);
  });

  test("of blocks: a file for each device, which holds what is read before it is written", async () => {
    const trace = await openTrace(`${FORMATS}msr.csv`);
    const all = await requestsOf(trace);
    await writeTrace(path("blocks.ptt"), trace, { pages: PAGES });
    const { counts } = await contentsOf("blocks.ptt");
    const firsts = new Map<number, number>();
    for (const [key, op] of all) if (!firsts.has(key)) firsts.set(key, op);
    expect(counts.preset).toBe([...firsts.values()].filter((op) => op === REQUEST_OPS.read).length);
    expect(counts.read! + counts.write!).toBe(all.length);
    const reading = (await Container.open(path("blocks.ptt"))).read();
    for await (const _ of reading);
    expect(reading.spaces.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "file file0",
      "file file1",
      "file file2",
      "file file3",
    ]);
  });

  test("can be read as a trace, as what it was made of", async () => {
    const trace = generateTrace({ ...LIVING, requests: 4000 });
    const [all, found] = [await requestsOf(trace), await readBack("memory.ptt")];
    expect(found.map(([, op, time]) => [op === 2, time])).toEqual(all.map(([, op, time]) => [op === 2, time]));
    const numbers = [new KeyMap(), new KeyMap()] as const;
    expect(found.map(([key]) => numbers[0].numberOf(key))).toEqual(all.map(([key]) => numbers[1].numberOf(key)));
    const plain = await openTrace(path("memory.ptt"));
    expect(plain).toMatchObject({ format: "container", addresses: "memory", total: 4000 });
    expect((await requestsOf(plain)).length).toBe(4000);
    expect(plain.skipped!.frees).toBe(all.length - 4000);
    const blocks = await openTrace(path("blocks.ptt"), { limit: 100 });
    expect(blocks).toMatchObject({ addresses: "blocks", total: 100 });
    expect((await requestsOf(blocks)).length).toBe(100);
    expect(blocks.skipped).toHaveProperty("pages of files before the beginning");
  });

  test("needs a page file", async () => {
    await expect(writeTrace(path("none.ptt"), generateTrace(LIVING))).rejects.toMatchObject({ code: "TRACE_FORMAT" });
  });

  test("a page is the same whether its last content is at hand or made anew", () => {
    const [known, remade] = [
      new PageVersions(new PageContents(PAGES, 1, 5)),
      new PageVersions(new PageContents(PAGES, 1, 5)),
    ];
    for (let step = 0; step < 300; step++) {
      const page = step % 3;
      if (step % 50 === 49) for (const versions of [known, remade]) versions.free(page);
      const before = step < 3 || !known.isAlive(page) ? undefined : contents[page];
      const change = known.write(page, page * 64 + 5, before);
      expect(remade.write(page, page * 64 + 5, undefined)).toEqual(change);
      expect(Buffer.from(known.content).equals(remade.content)).toBe(true);
      contents[page] = known.content.slice();
    }
  });
  const contents: Uint8Array[] = [];
});

describe("what cannot be written", () => {
  test("a name that says no format", async () => {
    await expect(writeTrace(path("a.bin"), generateTrace(LIVING))).rejects.toThrow(
      /says no format to write; end it in one of \.u32,/,
    );
  });

  test("a key that .u32 has no room for, until it is renumbered", async () => {
    const trace = await openTrace(`${FORMATS}objects.oracleGeneral.bin`);
    await expect(writeTrace(path("large.u32"), trace)).rejects.toMatchObject({ code: "TRACE_KEY_TOO_LARGE" });
    expect(existsSync(path("large.u32")) || existsSync(`${path("large.u32")}.part`)).toBe(false);
    await writeTrace(path("large.u32"), renumberTrace(trace));
    const [given, found] = [await requestsOf(trace), await readBack("large.u32")];
    const numbers = new KeyMap();
    const others = new KeyMap();
    expect(found.map(([key]) => others.numberOf(key))).toEqual(given.map(([key]) => numbers.numberOf(key)));
    for (const [index, [key]] of given.entries()) expect(found[index]![0] % 64).toBe(key % 64);
  });

  test("a folder that is not there", async () => {
    await expect(writeTrace(path("nowhere/a.u32"), generateTrace(LIVING))).rejects.toMatchObject({
      code: "TRACE_WRITE",
    });
  });

  test("what the trace throws leaves nothing behind", async () => {
    const stop = (): never => {
      throw new Error("enough");
    };
    for (const name of ["stopped.u32", "stopped.ptt"]) {
      await expect(writeTrace(path(name), generateTrace(LIVING), { pages: PAGES, onBatch: stop })).rejects.toThrow(
        "enough",
      );
      expect(existsSync(path(name)) || existsSync(`${path(name)}.part`)).toBe(false);
    }
  });
});

describe("a sample", () => {
  const trace = generateTrace({ kind: "uniform", pages: 5000, requests: 40_000, requestsPerSecond: 1e6 });

  test("of keys has all requests of some keys and none of the others", async () => {
    const all = await requestsOf(trace);
    const sampled = await requestsOf(sampleTrace(trace, { rate: 0.1 }));
    const chosen = new Set(sampled.map(([key]) => key));
    expect(chosen.size / 5000).toBeGreaterThan(0.08);
    expect(chosen.size / 5000).toBeLessThan(0.12);
    expect(sampled).toEqual(all.filter(([key]) => chosen.has(key)));
  });

  test("of requests is a slice", async () => {
    const all = await requestsOf(trace);
    expect(await requestsOf(sampleTrace(trace, { skip: 8190, limit: 20_000 }))).toEqual(all.slice(8190, 28_190));
    expect(await requestsOf(sampleTrace(trace, { skip: 39_999 }))).toEqual(all.slice(39_999));
    expect(await requestsOf(sampleTrace(trace, { skip: 40_000 }))).toEqual([]);
  });
});
