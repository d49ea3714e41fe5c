import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { PAGE_SIZE } from "@pagetier/base";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { CONTAINER_OPS, Container, ContainerWriter, type ContainerWriterOptions } from "../src/index.js";
import { type DecodedOperation, decodeByDocument } from "./container-decoder.js";
import { scratchFolder } from "./files.js";

const folder = mkdtempSync(join(tmpdir(), "pagetier-container-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scratch = scratchFolder();
let files = 0;

function newPath(): string {
  return join(folder, `${files++}.ptt`);
}

/** Writes a container and answers its bytes. */
async function written(
  work: (writer: ContainerWriter) => void | Promise<void>,
  options: ContainerWriterOptions = {},
): Promise<{ path: string; bytes: Buffer }> {
  const path = newPath();
  const writer = await ContainerWriter.create(path, options);
  await work(writer);
  await writer.close();
  return { path, bytes: readFileSync(path) };
}

const OP_NAMES = Object.fromEntries(Object.entries(CONTAINER_OPS).map(([name, code]) => [code, name]));

/** Everything that the reader finds, in the decoder's form. */
async function readAll(path: string): Promise<DecodedOperation[]> {
  const reading = (await Container.open(path)).read();
  const found: DecodedOperation[] = [];
  for await (const batch of reading) {
    for (let index = 0; index < batch.length; index++) {
      const op = OP_NAMES[batch.ops[index]!]!;
      const base = { op, ns: batch.times[index]!, space: batch.spaces[index]! };
      const page = batch.pages[index]!;
      const count = batch.counts[index]!;
      const content = Buffer.from(reading.window.bytes(batch.slots[index]!));
      const range = { offset: batch.offsets[index]!, length: batch.lengths[index]! };
      if (op === "truncate") found.push({ ...base, pages: count });
      else if (op === "fsync" || op === "exit") found.push(base);
      else if (op === "read") found.push({ ...base, page });
      else if (op === "alloc" || op === "free") found.push({ ...base, page, count });
      else if (op === "writePart") found.push({ ...base, page, content, ...range });
      else found.push({ ...base, page, content });
    }
  }
  return found;
}

function pageOf(byte: number, at = 0): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  page[at] = byte;
  return page;
}

describe("the format's document", () => {
  const document = readFileSync(
    fileURLToPath(new URL("../../../../docs/container-format.md", import.meta.url)),
    "utf8",
  );
  const example = /```\n((?:[0-9a-f]{8} {2}.*\n)+)```/.exec(document)?.[1] ?? "";
  const bytes = Buffer.from(
    example
      .split("\n")
      .map((line) => line.slice(10, 58).replaceAll(" ", ""))
      .join(""),
    "hex",
  );
  const eighths = Buffer.alloc(PAGE_SIZE, Buffer.from("0102030405060708", "hex"));

  test("has an example that is what it says, for the decoder made from it", () => {
    expect(decodeByDocument(bytes)).toMatchObject({
      windowPages: 4,
      about: {},
      spaces: [{ kind: "anon", filePages: 0, name: "a" }],
      operations: [
        { op: "write", ns: 5, space: 0, page: 3, content: eighths },
        { op: "read", ns: 7, space: 0, page: 3 },
        { op: "free", ns: 10, space: 0, page: 3, count: 2 },
      ],
      contents: 1,
      spacePages: [5],
    });
  });

  test("has an example that the writer writes, and the reader reads", async () => {
    const made = await written(
      (writer) => {
        const space = writer.addSpace({ name: "a", kind: "anon", filePages: 0 });
        writer.write(space, 3, 5, eighths);
        writer.read(space, 3, 7);
        writer.free(space, 3, 2, 10);
      },
      { windowPages: 4 },
    );
    expect(made.bytes.toString("hex")).toBe(bytes.toString("hex"));
    expect(await readAll(scratch("example.ptt", bytes))).toEqual(decodeByDocument(bytes).operations);
  });
});

/** What a test does to a container, one step after another; values are scaled to what is allowed. */
type Step =
  | { readonly kind: "space"; readonly file: boolean }
  | { readonly kind: "op"; readonly op: string; readonly space: number; readonly page: number; readonly a: number; readonly b: number }; // biome-ignore format: one line

const OPS = ["read", "write", "writePart", "alloc", "free", "truncate", "fsync", "exit", "preset"];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("space" as const), file: fc.boolean() }) },
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("op" as const),
        op: fc.constantFrom(...OPS, "write", "write", "writePart", "read"),
        space: fc.nat(3),
        page: fc.oneof(fc.nat(6), fc.nat(100_000)),
        a: fc.nat(4095),
        b: fc.nat(255),
      }),
    },
  ),
  { maxLength: 60 },
);

/** Applies steps to a writer, skips what is not allowed, and lists what a reader must find. */
function carryOut(writer: ContainerWriter, program: readonly Step[]): DecodedOperation[] {
  const expected: DecodedOperation[] = [];
  const spaces: { file: boolean; pages: number; begun: boolean; exited: boolean; held: Map<number, Uint8Array> }[] = [];
  let ns = 0;
  for (const step of program) {
    if (step.kind === "space") {
      const pages = step.file ? 5 : 0;
      writer.addSpace({ name: `s${spaces.length}`, kind: step.file ? "file" : "anon", filePages: pages });
      spaces.push({ file: step.file, pages, begun: false, exited: false, held: new Map() });
      continue;
    }
    const { op, page, a, b, space } = step;
    const state = spaces[space];
    if (state === undefined || state.exited) continue;
    if (state.file ? op === "alloc" || op === "free" : op === "truncate" || op === "fsync" || op === "preset") continue;
    if ((op === "read" || op === "preset") && state.file && page >= state.pages) continue;
    if (op === "preset" && state.begun) continue;
    if (op !== "preset") {
      state.begun = true;
      ns += b * 1000;
    }
    const base = { op, ns, space };
    const content = Uint8Array.from(state.held.get(page) ?? new Uint8Array(PAGE_SIZE));
    if (op === "read") {
      writer.read(space, page, ns);
      expected.push({ ...base, page });
    } else if (op === "write" || op === "preset") {
      content.fill(b % 3, a);
      if (b % 5 === 0) content.fill(0);
      if (op === "write") writer.write(space, page, ns, content);
      else writer.preset(space, page, content);
      expected.push({ ...base, page, content: Buffer.from(content) });
    } else if (op === "writePart") {
      const length = Math.min(1 + b * 16, PAGE_SIZE - a);
      for (let at = a; at < a + length; at += 3) content[at] = b + at;
      writer.write(space, page, ns, content, a, length);
      const whole = length === PAGE_SIZE;
      expected.push(
        whole
          ? { ...base, op: "write", page, content: Buffer.from(content) }
          : { ...base, page, content: Buffer.from(content), offset: a, length },
      );
    } else if (op === "alloc" || op === "free") {
      writer[op](space, page, 1 + b, ns);
      expected.push({ ...base, page, count: 1 + b });
    } else if (op === "truncate") {
      writer.truncate(space, a, ns);
      state.pages = a;
      expected.push({ ...base, pages: a });
    } else {
      writer[op as "fsync" | "exit"](space, ns);
      state.exited = op === "exit";
      expected.push(base);
    }
    if (op === "write" || op === "writePart" || op === "preset") {
      state.held.set(page, content);
      state.pages = Math.max(state.pages, page + 1);
    }
  }
  return expected;
}

describe("what a writer wrote", () => {
  test("is what the reader and the document's decoder read, whatever it was", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1, 2, 3, 8, 4096), async (program, windowPages) => {
        let expected: DecodedOperation[] = [];
        const about = { origin: "a test" };
        const { path, bytes } = await written(
          (writer) => {
            expected = carryOut(writer, [{ kind: "space", file: false }, { kind: "space", file: true }, ...program]);
          },
          { windowPages, about },
        );
        expect(await readAll(path)).toEqual(expected);
        const decoded = decodeByDocument(bytes);
        expect(decoded.operations).toEqual(expected);
        expect(decoded.about).toEqual(about);
        const container = await Container.open(path);
        expect(container.about).toEqual(about);
        const totals = await container.totals();
        expect(totals.operations).toBe(expected.length);
        expect(totals.spacePages).toEqual(decoded.spacePages);
        expect(totals).toEqual(await totalsByReading(container));
        rmSync(path);
      }),
      { numRuns: 40 },
    );
  });

  test("holds equal contents once, and versions of a page in few bytes", async () => {
    const random = Uint8Array.from({ length: PAGE_SIZE }, (_, at) => (at * at * 2654435761) >>> 13);
    const { path, bytes } = await written((writer) => {
      const space = writer.addSpace({ name: "s", kind: "anon", filePages: 0 });
      for (let page = 0; page < 1000; page++) writer.write(space, page, page, random);
      for (let version = 0; version < 100; version++) {
        random[version * 40] = version ^ 0x55;
        writer.write(space, 7, 1000, random);
      }
    });
    const totals = await (await Container.open(path)).totals();
    expect(totals.contents).toBe(101);
    expect(bytes.length).toBeLessThan(3 * PAGE_SIZE + 100 * 20);
  });

  test("goes on over blocks of operations and of contents, with a window much smaller than the file", async () => {
    const page = new Uint32Array(PAGE_SIZE / 4);
    const { path } = await written(
      async (writer) => {
        const space = writer.addSpace({ name: "s", kind: "anon", filePages: 0 });
        for (let n = 0; n < 6000; n++) {
          page[n % 1024] = n;
          writer.write(space, n % 700, n * 3, new Uint8Array(page.buffer));
          if (n % 2 === 0) writer.read(space, n % 350, n * 3 + 1);
          if (writer.backlogBytes > 1 << 20) await writer.drain();
        }
      },
      { windowPages: 64, level: 1 },
    );
    const reading = (await Container.open(path)).read();
    const expected = new Uint32Array(PAGE_SIZE / 4);
    let n = 0;
    for await (const batch of reading) {
      for (let index = 0; index < batch.length; index++) {
        if (batch.ops[index] !== CONTAINER_OPS.write) continue;
        expected[n % 1024] = n;
        expect(batch.pages[index]).toBe(n++ % 700);
        const held = reading.window.words(batch.slots[index]!);
        expect(held[(n - 1) % 1024]).toBe(n - 1);
        if (n % 1000 === 0)
          expect(Buffer.from(expected.buffer).equals(reading.window.bytes(batch.slots[index]!))).toBe(true);
      }
    }
    expect(n).toBe(6000);
    expect(reading.window.memoryBytes()).toBeLessThan(64 * (PAGE_SIZE + 16));
  });

  test("can be compressed as a whole, and read up to a limit", async () => {
    const { bytes } = await written((writer) => {
      const space = writer.addSpace({ name: "s", kind: "anon", filePages: 0 });
      for (let page = 0; page < 100; page++) writer.write(space, page, page, pageOf(page));
    });
    const container = await Container.open(scratch("whole.ptt.gz", gzipSync(bytes)));
    expect(container.compression).toBe("gzip");
    expect(await container.totals()).toMatchObject({ operations: 100, contents: 100, durationNs: 99 });
    expect(await container.totals(30)).toMatchObject({ operations: 30, durationNs: 29 });
  });

  test("has its name only when it is whole, and leaves nothing when it is given up", async () => {
    const path = newPath();
    const writer = await ContainerWriter.create(path);
    writer.addSpace({ name: "s", kind: "anon", filePages: 0 });
    await writer.drain();
    await expect(Container.open(path)).rejects.toMatchObject({ code: "TRACE_OPEN" });
    const part = `${path}.part`;
    await expect(Container.open(part).then((container) => container.totals())).rejects.toMatchObject({
      code: "TRACE_TRUNCATED",
    });
    await writer.abort();
    expect(readdirSync(dirname(path)).filter((name) => path.endsWith(name) || part.endsWith(name))).toEqual([]);
  });

  test("cannot be where there is no folder", async () => {
    await expect(ContainerWriter.create(join(folder, "none", "x.ptt"))).rejects.toMatchObject({ code: "TRACE_WRITE" });
  });

  test("may not break the rules", async () => {
    const path = newPath();
    const writer = await ContainerWriter.create(path);
    const anon = writer.addSpace({ name: "a", kind: "anon", filePages: 0 });
    const file = writer.addSpace({ name: "f", kind: "file", filePages: 2 });
    writer.read(file, 1, 10);
    expect(() => writer.read(file, 2, 10)).toThrow(/suits its space/);
    expect(() => writer.preset(file, 0, pageOf(1))).toThrow(/suits its space/);
    expect(() => writer.free(file, 0, 1, 10)).toThrow(/suits its space/);
    expect(() => writer.fsync(anon, 10)).toThrow(/suits its space/);
    expect(() => writer.read(anon, 0, 9)).toThrow(/does not go back/);
    expect(() => writer.read(2, 0, 10)).toThrow(/was described/);
    writer.exit(anon, 11);
    expect(() => writer.read(anon, 0, 12)).toThrow(/suits its space/);
    await writer.abort();
  });
});

async function totalsByReading(container: Container) {
  const reading = container.read();
  for await (const _ of reading);
  return reading.totals();
}
