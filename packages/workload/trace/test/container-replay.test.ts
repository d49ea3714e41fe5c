import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPrng, PAGE_SIZE, VirtualScheduler } from "@pagetier/base";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  type AnonTarget,
  Container,
  ContainerReplay,
  type ContainerReplayOptions,
  ContainerWriter,
  type FileTarget,
  type SpaceToOpen,
} from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "pagetier-container-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

async function made(work: (writer: ContainerWriter) => void, windowPages = 64): Promise<Container> {
  const path = join(folder, `${files++}.ptt`);
  const writer = await ContainerWriter.create(path, { windowPages });
  work(writer);
  await writer.close();
  return Container.open(path);
}

/** The obvious space: a map of pages. Serves some calls only later when `slow`. */
class MapSpace implements AnonTarget, FileTarget {
  readonly held = new Map<number, Uint8Array>();
  readonly log: string[] = [];
  readonly #prng = createPrng(9);
  running = 0;
  runningMax = 0;
  isClosed = false;

  constructor(
    readonly space: SpaceToOpen,
    readonly slow: boolean,
    public pages: number = space.kind === "file" ? space.filePages : space.pages,
  ) {}

  readNow(page: number, _offset: number, into: Uint8Array): boolean {
    expect(this.isClosed).toBe(false);
    expect(page).toBeLessThan(this.pages);
    if (this.#isSlow()) return false;
    this.take(page, into);
    return true;
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    expect(this.isClosed).toBe(false);
    expect(page).toBeLessThan(this.pages);
    if (this.#isSlow()) return false;
    this.put(page, offset, from);
    return true;
  }

  async read(page: number, _offset: number, into: Uint8Array): Promise<void> {
    await this.#wait();
    this.take(page, into);
  }

  async write(page: number, offset: number, from: Uint8Array): Promise<void> {
    await this.#wait();
    this.put(page, offset, from);
  }

  discard(page: number, count: number): void {
    expect(this.running).toBe(0);
    for (const held of [...this.held.keys()]) if (held >= page && held < page + count) this.held.delete(held);
  }

  async truncate(pages: number): Promise<void> {
    await this.#wait();
    this.pages = pages;
    for (const held of [...this.held.keys()]) if (held >= pages) this.held.delete(held);
    this.log.push(`truncate ${pages}`);
  }

  async fsync(): Promise<void> {
    expect(this.running).toBe(0);
    this.log.push("fsync");
  }

  async close(): Promise<void> {
    expect(this.running).toBe(0);
    this.isClosed = true;
  }

  protected take(page: number, into: Uint8Array): void {
    into.set(this.held.get(page) ?? new Uint8Array(PAGE_SIZE));
  }

  protected put(page: number, offset: number, from: Uint8Array): void {
    const held = this.held.get(page) ?? new Uint8Array(PAGE_SIZE);
    held.set(from, offset);
    this.held.set(page, held);
  }

  #isSlow(): boolean {
    return this.slow && this.#prng.below(3) === 0;
  }

  async #wait(): Promise<void> {
    this.runningMax = Math.max(this.runningMax, ++this.running);
    for (let turns = 1 + this.#prng.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    this.running--;
  }
}

/** Replays on map spaces, and answers them, too. */
async function replayed(
  container: Container,
  options: ContainerReplayOptions = {},
  make: (space: SpaceToOpen) => MapSpace = (space) => new MapSpace(space, false),
) {
  const spaces: MapSpace[] = [];
  const replay = new ContainerReplay(
    container,
    async (space) => {
      const target = make(space);
      spaces.push(target);
      return target;
    },
    options,
  );
  return { result: await replay.run(), audit: await replay.audit(), spaces };
}

function pageOf(byte: number): Uint8Array {
  return new Uint8Array(PAGE_SIZE).fill(byte);
}

interface ModelStep {
  readonly op: number;
  readonly space: number;
  readonly page: number;
  readonly n: number;
}

/** A workload of two anonymous spaces and a file, made of random steps. @returns what must be held at the end */
function build(
  writer: ContainerWriter,
  steps: readonly ModelStep[],
): { reads: number; held: Map<number, Uint8Array>[] } {
  const held = [new Map<number, Uint8Array>(), new Map<number, Uint8Array>(), new Map<number, Uint8Array>()];
  const exited = [false, false, false];
  let filePages = 3;
  let [reads, ns] = [0, 0];
  for (const name of ["a", "b"]) writer.addSpace({ name, kind: "anon", filePages: 0 });
  writer.addSpace({ name: "f", kind: "file", filePages });
  for (const { op, space, page, n } of steps) {
    if (exited[space]) continue;
    const pages = held[space]!;
    ns += n * 1000;
    if (op < 3) {
      if (space === 2 && page >= filePages) continue;
      writer.read(space, page, ns);
      reads++;
    } else if (op < 6) {
      const content = Uint8Array.from(pages.get(page) ?? pageOf(0));
      const offset = op === 3 ? 0 : n * 3;
      const length = op === 3 ? PAGE_SIZE : 1 + n;
      content.fill(n + page, offset, offset + length);
      writer.write(space, page, ns, content, offset, length);
      pages.set(page, content);
      if (space === 2) filePages = Math.max(filePages, page + 1);
    } else if (op === 6 && space < 2) {
      writer[n % 2 === 0 ? "free" : "alloc"](space, page, 1 + (n % 5), ns);
      for (let freed = page; freed < page + 1 + (n % 5); freed++) pages.delete(freed);
    } else if (op === 6) {
      filePages = n % 8;
      writer.truncate(space, filePages, ns);
      for (const cut of [...pages.keys()]) if (cut >= filePages) pages.delete(cut);
    } else if (op === 7 && space === 2) writer.fsync(space, ns);
    else if (op === 8 && n < 20) {
      writer.exit(space, ns);
      exited[space] = true;
      pages.clear();
    }
  }
  return { reads, held };
}

const programs = fc.array(fc.record({ op: fc.nat(8), space: fc.nat(2), page: fc.nat(9), n: fc.nat(255) }), {
  maxLength: 150,
});

describe("a replay of a container", () => {
  test("is what an obvious space holds: closed and open loop, at once and with waits", async () => {
    await fc.assert(
      fc.asyncProperty(
        programs,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(2, 64),
        async (steps, slow, open, window) => {
          let expected: ReturnType<typeof build> | undefined;
          const container = await made((writer) => {
            expected = build(writer, steps);
          }, window);
          const loop = open ? { open: { speed: 1000, outstandingMax: 3 } } : {};
          const { result, audit, spaces } = await replayed(container, loop, (space) => new MapSpace(space, slow));
          const { reads, held } = expected!;
          expect(result).toMatchObject({ verified: reads, mismatches: 0, firstMismatches: [] });
          expect(result.operations).toBe((await container.totals()).operations);
          expect(result.counts).toEqual((await container.totals()).counts);
          const live = held.reduce((sum, { size }) => sum + size, 0);
          expect(result.livePages).toBe(live);
          expect(audit).toMatchObject({ pages: live, verified: live, mismatches: 0, unreadable: 0 });
          for (const [number, space] of spaces.entries()) {
            if (space.isClosed) continue;
            for (const [page, content] of held[number]!)
              expect(Buffer.from(space.held.get(page)!).equals(content)).toBe(true);
            expect(space.running).toBe(0);
          }
          if (!open) for (const space of spaces) expect(space.runningMax).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("in an open loop has several accesses under way, but one a page", async () => {
    const container = await made((writer) => {
      const space = writer.addSpace({ name: "a", kind: "anon", filePages: 0 });
      for (let n = 0; n < 200; n++) writer.write(space, n % 20, 0, pageOf(n));
    });
    const always = (space: SpaceToOpen) =>
      new (class extends MapSpace {
        override writeNow(): boolean {
          return false;
        }
      })(space, true);
    const { spaces, result } = await replayed(container, { open: { outstandingMax: 8 } }, always);
    expect(spaces[0]!.runningMax).toBe(8);
    expect(result.latency.count).toBe(200);
    const one = await replayed(container, { open: { outstandingMax: 1 } }, always);
    expect(one.spaces[0]!.runningMax).toBe(1);
  });

  test("tells where other bytes came back, freed pages among them", async () => {
    const container = await made((writer) => {
      const space = writer.addSpace({ name: "heap", kind: "anon", filePages: 0 });
      writer.write(space, 4, 1, pageOf(1));
      writer.write(space, 5, 1, pageOf(2));
      writer.read(space, 4, 2);
      writer.free(space, 4, 2, 3);
      writer.read(space, 5, 4);
      writer.read(space, 4, 5);
    });
    const forgetful = (space: SpaceToOpen) =>
      new (class extends MapSpace {
        override discard(): void {
          this.held.delete(4); // And not page 5.
        }
      })(space, false);
    const { result } = await replayed(container, {}, forgetful);
    expect(result).toMatchObject({ verified: 2, mismatches: 1, freedPages: 2, livePagesMax: 2, livePages: 0 });
    expect(result.firstMismatches).toEqual([{ space: "heap", page: 5, operation: 4 }]);
    const unverified = await replayed(container, { verify: "none" }, forgetful);
    expect(unverified.result).toMatchObject({ verified: 0, mismatches: 0 });
  });

  test("an access that fails was not done, and the audit finds all others", async () => {
    const container = await made((writer) => {
      const space = writer.addSpace({ name: "heap", kind: "anon", filePages: 0 });
      for (let page = 0; page < 6; page++) writer.write(space, page, page, pageOf(page));
    });
    for (const [options, done] of [
      [{}, 3],
      [{ open: {} }, 5], // What arrived beside it went on.
    ] as const) {
      const failing = (space: SpaceToOpen) =>
        new (class extends MapSpace {
          override writeNow(page: number, offset: number, from: Uint8Array): boolean {
            return page !== 3 && super.writeNow(page, offset, from);
          }
          override async write(): Promise<void> {
            throw new Error("no memory");
          }
        })(space, false);
      const replay = new ContainerReplay(container, async (space) => failing(space), options);
      await expect(replay.run()).rejects.toThrow("no memory");
      expect(replay.result().counts.write).toBe(done);
      expect(await replay.audit()).toMatchObject({ pages: done, verified: done, mismatches: 0 });
    }
  });

  test("expects of a file what is preset", async () => {
    const container = await made((writer) => {
      const file = writer.addSpace({ name: "f", kind: "file", filePages: 2 });
      writer.preset(file, 1, pageOf(9));
      writer.read(file, 0, 1);
      writer.read(file, 1, 2);
    });
    const filled = (space: SpaceToOpen) => {
      const file = new MapSpace(space, false);
      file.held.set(1, pageOf(9));
      return file;
    };
    expect((await replayed(container, {}, filled)).result).toMatchObject({ verified: 2, mismatches: 0, livePages: 1 });
    const empty = await replayed(container);
    expect(empty.result.firstMismatches).toEqual([{ space: "f", page: 1, operation: 2 }]);
  });

  test("ends at a limit, and on a signal", async () => {
    const container = await made((writer) => {
      const space = writer.addSpace({ name: "heap", kind: "anon", filePages: 0 });
      for (let n = 0; n < 20_000; n++) writer.read(space, 0, n);
    });
    const seen: number[] = [];
    const { result } = await replayed(container, { limit: 9000, onProgress: (done) => seen.push(done) });
    expect(result.operations).toBe(9000);
    expect(seen.at(-1)).toBe(9000);
    const abort = new AbortController();
    const stopped = replayed(container, { signal: abort.signal, onProgress: () => abort.abort(new Error("enough")) });
    await expect(stopped).rejects.toThrow("enough");
  });
});

describe("latency in an open loop", () => {
  test("counts from the arrival: one stall shows in all that came meanwhile", async () => {
    let scheduler = new VirtualScheduler();
    const container = await made((writer) => {
      const space = writer.addSpace({ name: "a", kind: "anon", filePages: 0 });
      for (let n = 0; n < 100; n++) writer.read(space, n, n * 1_000_000); // One a millisecond.
    });
    const stalling = (space: SpaceToOpen) =>
      new (class extends MapSpace {
        override readNow(page: number, offset: number, into: Uint8Array): boolean {
          return page !== 10 && super.readNow(page, offset, into);
        }
        override async read(): Promise<void> {
          await scheduler.sleep(50_000_000); // 50 ms.
        }
      })(space, false);
    const run = async (options: ContainerReplayOptions) => {
      scheduler = new VirtualScheduler();
      const { result } = await scheduler.run(() => replayed(container, { ...options, scheduler }, stalling));
      return result;
    };
    const open = await run({ open: { outstandingMax: 1 } });
    expect(open.latency.count).toBe(100);
    expect(open.openLoop).toMatchObject({ speed: 1, scheduledMs: 99 });
    expect(open.openLoop!.behindMsMax).toBeGreaterThan(48);
    // 50 arrivals lay in the stall: half of all waited, 25 ms on average.
    expect(open.latency.p90Ns).toBeGreaterThan(35_000_000);
    expect(open.latency.meanNs).toBeGreaterThan(10_000_000);
    const beside = await run({ open: { outstandingMax: 2 } });
    expect(beside.latency.p90Ns).toBeLessThan(1_000_000); // Others went on beside it.
    expect(beside.latency.maxNs).toBeGreaterThan(49_000_000);
    const closed = await run({});
    expect(closed.latency.count).toBe(1); // A closed loop sees one slow access.
    expect(closed.openLoop).toBeUndefined();
    const fast = await run({ open: { speed: 10, outstandingMax: 1 } });
    expect(fast.openLoop).toMatchObject({ speed: 10, scheduledMs: 9.9 });
  });
});
