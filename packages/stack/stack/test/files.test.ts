import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE } from "@pagetier/base";
import type { CleancachePlugin } from "@pagetier/cleancache";
import { ReferenceCleancache } from "@pagetier/cleancache/conformance";
import { inject, injectable } from "@pagetier/di";
import { PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import { createStack } from "@pagetier/stack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failure } from "./failure.js";

const OPTIONS: unique symbol = Symbol.for("@pagetier/stack/test/RememberingOptions") as never;

interface RememberingOptions {
  readonly pagesMax: number;
  readonly made: Remembering[];
}

/** A cleancache backend that keeps some pages whole. */
@injectable()
class Remembering extends ReferenceCleancache {
  override readonly type = "remembering";
  closed = false;

  constructor(
    @inject(PAGE_FRAMES) readonly frames: PageFrames,
    @inject(OPTIONS) { pagesMax, made }: RememberingOptions,
  ) {
    super({ pagesMax });
    made.push(this);
  }

  override async close(): Promise<void> {
    await super.close();
    this.closed = true;
  }
}

const remembering = (made: Remembering[] = []): CleancachePlugin<RememberingOptions> => ({
  family: "cleancache",
  contract: 2,
  name: "remembering",
  summary: "Keeps some clean pages whole.",
  options: z.strictObject({ pagesMax: z.int().min(1).default(200) }).transform(({ pagesMax }) => ({ pagesMax, made })),
  implementation: Remembering,
  optionsToken: OPTIONS,
});

const PAGES = 600;
/** A page that names itself in every word. */
const pageOf = (number: number): Uint8Array => new Uint8Array(new Uint32Array(PAGE_SIZE / 4).fill(number).buffer);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function filled(name: string, pages = PAGES): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, Buffer.concat(Array.from({ length: pages }, (_, page) => pageOf(page))));
  return path;
}

describe("a file of a stack", () => {
  test("is read, changed and kept, with more pages than fit", async () => {
    const path = await filled("data.db");
    const made: Remembering[] = [];
    const stack = await createStack(
      { memory: "1MiB", frontswap: "zswap", cleancache: { use: "remembering", pagesMax: 300 }, swap: "memory" },
      { plugins: [remembering(made)], directory: folder },
    );
    const file = await stack.open("data.db");
    expect([file.name, file.pages, file.size]).toEqual(["data.db", PAGES, PAGES * PAGE_SIZE]);
    const space = stack.space({ name: "beside", size: 300 * PAGE_SIZE });
    const into = new Uint8Array(PAGE_SIZE);
    for (let step = 0; step < 2 * PAGES; step++) {
      const page = (step * 7) % PAGES;
      await file.read(page, 0, into);
      const expected = pageOf(step < PAGES ? page : page + 1000);
      expect(Buffer.compare(into, expected), `page ${page}`).toBe(0);
      if (step < PAGES) await file.write(page, 0, pageOf(page + 1000));
      await space.write(step % 300, 0, into);
    }
    stack.verify();
    const { counters, faults, memory } = stack.stats();
    expect(counters.mm).toMatchObject({ openFiles: 1 });
    expect(counters.mm?.fileReads).toBeGreaterThan(0);
    expect(counters.mm?.cleancacheHits).toBeGreaterThan(0);
    expect(counters.cleancache?.puts).toBe(counters.mm?.cleancachePuts);
    expect(counters.remembering?.puts).toBe(counters.mm?.cleancachePuts);
    expect(faults.majorFrom.store).toBeGreaterThan(0);
    expect(memory.peakBytes).toBeLessThanOrEqual(memory.budgetBytes);
    await stack.close();
    expect(made.map(({ closed }) => closed)).toEqual([true]);
    expect(stack.stats().memory.holders).toEqual({});
    const bytes = await readFile(path);
    for (let page = 0; page < PAGES; page++) {
      expect(Buffer.compare(bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE), pageOf(page + 1000))).toBe(0);
    }
  });

  test("comes to be when it is opened with a size", async () => {
    await using stack = await createStack({ memory: "1MiB" }, { directory: folder });
    const file = await stack.open({ path: "new.db", size: "64KiB", name: "new" });
    expect([file.name, file.pages]).toEqual(["new", 16]);
    await file.write(3, 0, pageOf(3));
    await file.fsync();
    expect((await stat(join(folder, "new.db"))).size).toBe(4 * PAGE_SIZE);
    await file.truncate(2);
    await file.close();
    expect(stack.stats().counters.mm).toMatchObject({ openFiles: 0 });
    const again = await stack.open({ path: "new.db", size: "64KiB" });
    await again.close();
  });

  test("may be any store", async () => {
    await using stack = await createStack({ memory: "1MiB" }, { directory: folder });
    const file = await stack.open({ store: { use: "delay", readUs: 1, next: "memory" }, size: "1MiB" });
    expect(file.name).toBe("delay");
    await file.write(200, 0, pageOf(200));
    await stack.shrink("1MiB");
    const into = new Uint8Array(PAGE_SIZE);
    await file.read(200, 0, into);
    expect(Buffer.compare(into, pageOf(200))).toBe(0);
    stack.verify();
  });

  test("is refused in words that help", async () => {
    const stack = await createStack({ memory: "1MiB" }, { directory: folder });
    await writeFile(join(folder, "odd.db"), "12345");
    expect(await failure("STORE_OPEN", () => stack.open("odd.db"))).toContain("extend it to 4096");
    expect(await failure("BAD_SIZE", () => stack.open("missing.db"))).toContain("say what size");
    await failure("BAD_SIZE", () => stack.open({ path: "missing.db", size: "much" }));
    await failure("STORE_OPEN", () => stack.open({ path: "no/such/folder/x.db", size: "1MiB" }));
    await failure("MM_BAD_RANGE", () => stack.open({ store: { use: "memory", size: "4KiB" }, size: "1MiB" }));
    const path = await filled("twice.db", 2);
    const file = await stack.open(path);
    await failure("STORE_OPEN", () => stack.open(path));
    await file.close();
    await stack.close();
    await failure("MM_CLOSED", () => stack.open(path));
  });
});
