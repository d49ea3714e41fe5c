// Writes containers: docs/container-format.md.
//
// Operations collect in a block, and the contents that they use in another, which goes out first. A content that the
// window still holds is not written again; one that resembles the page's last content is written as a delta. The window
// is filled round and round: a slot that operations of the open block use is not overwritten before that block is out.
//
// Calls are synchronous and put finished blocks into a queue; `drain` writes them. So a producer that is slower than the
// disk never waits, and one that is faster calls `drain` whenever `backlogBytes` grows.

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { crc32, deflateRawSync } from "node:zlib";
import { assert, ChunkedWords, PAGE_SIZE, TierError, WORDS_PER_PAGE } from "@pagetier/base";
import { PageHash } from "../page-hash.js";
import { ByteWriter } from "./byte-writer.js";
import type { ContainerAbout, ContainerSpace } from "./container-reader.js";
import { DeltaRuns, encodeContent } from "./content-codec.js";
import { ContentWindow } from "./content-window.js";
import {
  ABOUT_BYTES_MAX,
  BLOCK,
  BLOCK_BYTES_MAX,
  BLOCK_OPERATIONS_MAX,
  CODEC,
  CONTAINER_OPS,
  encodeBlockHeader,
  encodeHeader,
  encodeTrailer,
  SPACE_KINDS,
  SPACE_NAME_BYTES_MAX,
  SPACES_MAX,
  WINDOW_PAGES_MAX,
} from "./layout.js";
import { admitOperation, newSpaceState, type SpaceState } from "./space-state.js";
import { type ContainerTotals, encodeTotals, TotalsCounter } from "./totals.js";

export interface ContainerWriterOptions {
  /** Contents that a later operation may refer to without writing them again; a reader holds as many. Default 16384 (64 MiB). */
  readonly windowPages?: number;
  /** Of deflate, 1 to 9. Default 6. */
  readonly level?: number;
  /** What the file says of its origin. */
  readonly about?: ContainerAbout;
}

const WINDOW_PAGES_DEFAULT = 16_384;
/** An item of a block of contents, at most: slot, hash, kind and a plain page. */
const CONTENT_ITEM_BYTES_MAX = 16 + PAGE_SIZE;

interface OpenSpace {
  readonly state: SpaceState;
  /** Number of the last content that each page had, and one; 0: none. */
  readonly lastContent: ChunkedWords;
}

/** Writes one container. The file has its name only when {@link close} has ended; before, it is `<name>.part`. */
export class ContainerWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #level: number;
  readonly #window: ContentWindow;
  readonly #slotOfHash = new Map<number, number>();
  readonly #spaces: OpenSpace[] = [];
  readonly #counter = new TotalsCounter();
  readonly #hash = new PageHash();
  readonly #runs = new DeltaRuns();
  readonly #words = new Int32Array(WORDS_PER_PAGE);
  readonly #page = new Uint8Array(this.#words.buffer);

  readonly #contents = new ByteWriter(BLOCK_BYTES_MAX);
  #contentItems = 0;
  readonly #operations = new ByteWriter(1 << 16);
  #operationItems = 0;
  #lastPage = 0;
  /** The open block of operations, and for each slot the last one that uses it. */
  #blockNumber = 1;
  readonly #usedBy: Uint32Array;

  #queue: Uint8Array[] = [];
  #backlogBytes = 0;
  #fileBytes = 0;
  #closed = false;

  private constructor(path: string, file: FileHandle, options: ContainerWriterOptions) {
    const { windowPages = WINDOW_PAGES_DEFAULT, level = 6 } = options;
    assert(windowPages >= 1 && windowPages <= WINDOW_PAGES_MAX, "the window has 1 to 65536 slots");
    this.#path = path;
    this.#file = file;
    this.#level = level;
    this.#window = new ContentWindow(windowPages);
    this.#usedBy = new Uint32Array(windowPages);
    this.#push(encodeHeader(windowPages));
    const about = Buffer.from(JSON.stringify(options.about ?? {}), "utf8");
    assert(about.length <= ABOUT_BYTES_MAX, "what a container says of itself is short");
    this.#pushBlock(BLOCK.about, 1, about);
  }

  /** @throws TierError TRACE_OPEN when the file cannot be made */
  static async create(path: string, options: ContainerWriterOptions = {}): Promise<ContainerWriter> {
    try {
      return new ContainerWriter(path, await open(partOf(path), "w"), options);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Bytes that wait for {@link drain}. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Bytes of the file so far, those that wait included. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** What was written so far. */
  totals(): ContainerTotals {
    return this.#counter.totals(this.#spaces.map(({ state }) => state.pages));
  }

  /** Describes a space. @returns its number, for operations */
  addSpace(space: ContainerSpace): number {
    const { kind, filePages } = space;
    const name = Buffer.from(space.name, "utf8");
    assert(this.#spaces.length < SPACES_MAX, "there are at most 65535 spaces");
    assert(name.length <= SPACE_NAME_BYTES_MAX, "a space's name has at most 255 bytes");
    assert(kind === "file" || filePages === 0, "only a file has a length at the beginning");
    this.#flush();
    const item = new ByteWriter(64);
    item.u8(SPACE_KINDS.indexOf(kind));
    item.varint(filePages);
    item.varint(name.length);
    item.put(name);
    this.#pushBlock(BLOCK.spaces, 1, item.bytes());
    this.#spaces.push({ state: newSpaceState(kind, filePages), lastContent: new ChunkedWords() });
    return this.#spaces.length - 1;
  }

  read(space: number, page: number, ns: number): void {
    this.#begin(CONTAINER_OPS.read, space, page, 1, ns);
  }

  /**
   * A page is written.
   *
   * @param content what the page holds afterwards: PAGE_SIZE bytes
   * @param offset first byte that is written; the others were there before
   * @param length bytes that are written
   */
  write(space: number, page: number, ns: number, content: Uint8Array, offset = 0, length: number = PAGE_SIZE): void {
    assert(length > 0 && offset + length <= PAGE_SIZE, "a write lies in its page");
    const slot = this.#slotFor(space, page, content);
    const whole = length === PAGE_SIZE;
    this.#begin(whole ? CONTAINER_OPS.write : CONTAINER_OPS.writePart, space, page, 1, ns);
    this.#operations.varint(slot);
    if (whole) return;
    this.#operations.varint(offset);
    this.#operations.varint(length);
  }

  /** A page of a file has this content before the workload begins. Comes before everything else of its space. */
  preset(space: number, page: number, content: Uint8Array): void {
    const slot = this.#slotFor(space, page, content);
    this.#begin(CONTAINER_OPS.preset, space, page, 1, this.#counter.durationNs);
    this.#operations.varint(slot);
  }

  /** Anonymous pages come into being: they read as zeroes. */
  alloc(space: number, page: number, count: number, ns: number): void {
    this.#begin(CONTAINER_OPS.alloc, space, page, count, ns);
    this.#operations.varint(count);
  }

  /** Anonymous pages are given up. */
  free(space: number, page: number, count: number, ns: number): void {
    this.#begin(CONTAINER_OPS.free, space, page, count, ns);
    this.#operations.varint(count);
  }

  /** A file gets another length. */
  truncate(space: number, pages: number, ns: number): void {
    this.#beginAny(CONTAINER_OPS.truncate, space, 0, pages, ns);
    this.#operations.varint(pages);
  }

  fsync(space: number, ns: number): void {
    this.#beginAny(CONTAINER_OPS.fsync, space, 0, 0, ns);
  }

  /** The space is done with: its pages are freed, or its file is closed. */
  exit(space: number, ns: number): void {
    this.#beginAny(CONTAINER_OPS.exit, space, 0, 0, ns);
  }

  /** The content that a page was last given, if the window still holds it. */
  contentOf(space: number, page: number): Uint8Array | undefined {
    const slot = this.#lastSlotOf(this.#spaces[space]!, page);
    return slot === undefined ? undefined : this.#window.bytes(slot);
  }

  /** Writes what waits. @throws TierError TRACE_WRITE */
  async drain(): Promise<void> {
    const blocks = this.#queue;
    this.#queue = [];
    try {
      for (const block of blocks) {
        await this.#file.writeFile(block);
        this.#backlogBytes -= block.length;
      }
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Ends the file, and gives it its name. @throws TierError TRACE_WRITE */
  async close(): Promise<ContainerTotals> {
    assert(!this.#closed, "a container is closed once");
    this.#flush();
    const totals = this.totals();
    const endAt = this.#fileBytes;
    const payload = new ByteWriter();
    encodeTotals(totals, payload);
    this.#pushBlock(BLOCK.end, 1, payload.bytes(), CODEC.plain);
    this.#push(encodeTrailer(endAt));
    await this.drain();
    try {
      await this.#file.sync();
      await this.#file.close();
      await rename(partOf(this.#path), this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    this.#closed = true;
    return totals;
  }

  /** Gives up: nothing is left of the file. Does nothing after {@link close}. */
  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    await this.#file.close().catch(() => undefined);
    await rm(partOf(this.#path), { force: true });
  }

  // ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins an operation on pages. */
  #begin(op: number, space: number, page: number, count: number, ns: number): void {
    assert(Number.isInteger(page) && page >= 0 && count >= 1, "an operation names pages");
    this.#beginAny(op, space, page, count, ns);
    this.#operations.zigzag(page - this.#lastPage);
    this.#lastPage = page;
  }

  #beginAny(op: number, space: number, page: number, count: number, ns: number): void {
    const counter = this.#counter;
    const open = this.#spaces[space];
    assert(open !== undefined, "operations name a space that was described");
    assert(Number.isInteger(ns) && ns >= counter.durationNs, "time does not go back, in whole nanoseconds");
    assert(admitOperation(open.state, op, page, count) === undefined, "the operation suits its space");
    if (this.#operationItems === BLOCK_OPERATIONS_MAX) this.#flush();
    if (this.#operationItems++ === 0) this.#operations.varint(counter.durationNs);
    this.#operations.u8(op);
    this.#operations.varint(ns - counter.durationNs);
    this.#operations.varint(space);
    counter.durationNs = ns;
    counter.count(op);
  }

  // ── Contents ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The slot of a content: one that holds it already, or the next. */
  #slotFor(space: number, page: number, content: Uint8Array): number {
    assert(content.length === PAGE_SIZE, "a content is a page");
    if (this.#operationItems === BLOCK_OPERATIONS_MAX) this.#flush(); // Before the slot is marked as used by the open block.
    this.#page.set(content);
    this.#hash.update(this.#words);
    const { low, high } = this.#hash;
    const key = keyOf(low, high);
    let slot = this.#slotOfHash.get(key);
    if (slot === undefined || !this.#holds(slot)) slot = this.#addContent(this.#spaces[space]!, page, key);
    this.#usedBy[slot] = this.#blockNumber;
    const { lastContent } = this.#spaces[space]!;
    lastContent.ensure(page + 1);
    lastContent.set(page, this.#numberIn(slot) + 1);
    return slot;
  }

  #holds(slot: number): boolean {
    const { low, high } = this.#hash;
    return (
      this.#window.low[slot] === low && this.#window.high[slot] === high && equal(this.#window.words(slot), this.#words)
    );
  }

  #addContent(space: OpenSpace, page: number, key: number): number {
    const window = this.#window;
    const slot = this.#counter.contents % window.pages;
    if (this.#usedBy[slot] === this.#blockNumber) this.#flush();
    if (this.#contents.length + CONTENT_ITEM_BYTES_MAX > BLOCK_BYTES_MAX) this.#flushContents();
    const base = this.#lastSlotOf(space, page);
    if (base !== undefined) this.#runs.compare(window.words(base), this.#words);
    this.#contents.varint(slot);
    this.#contents.u32(this.#hash.low);
    this.#contents.u32(this.#hash.high);
    encodeContent(this.#page, this.#words, base, this.#runs, this.#contents);
    this.#contentItems++;
    if (window.isDefined(slot)) {
      const old = keyOf(window.low[slot]!, window.high[slot]!);
      if (this.#slotOfHash.get(old) === slot) this.#slotOfHash.delete(old);
    }
    window.bytes(slot).set(this.#page);
    window.define(slot, this.#hash.low, this.#hash.high);
    this.#slotOfHash.set(key, slot);
    this.#counter.contents++;
    return slot;
  }

  /** Contents are numbered as they come; the number of the one that a slot holds now. */
  #numberIn(slot: number): number {
    const { pages } = this.#window;
    const next = this.#counter.contents;
    const back = (next - 1 - slot) % pages; // Contents since, modulo the window; next > slot.
    return next - 1 - back;
  }

  #lastSlotOf(space: OpenSpace, page: number): number | undefined {
    const { lastContent } = space;
    const number = page < lastContent.capacity ? lastContent.get(page) - 1 : -1;
    if (number < 0 || number < this.#counter.contents - this.#window.pages) return undefined;
    return number % this.#window.pages;
  }

  // ── Blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the open blocks: contents before the operations that use them. */
  #flush(): void {
    this.#flushContents();
    if (this.#operationItems === 0) return;
    this.#pushBlock(BLOCK.operations, this.#operationItems, this.#operations.bytes());
    this.#operations.clear();
    this.#operationItems = 0;
    this.#lastPage = 0;
    this.#blockNumber++;
  }

  #flushContents(): void {
    if (this.#contentItems === 0) return;
    this.#pushBlock(BLOCK.contents, this.#contentItems, this.#contents.bytes());
    this.#contents.clear();
    this.#contentItems = 0;
  }

  #pushBlock(type: number, items: number, raw: Uint8Array, codec: number = CODEC.deflate): void {
    assert(raw.length <= BLOCK_BYTES_MAX, "a block's payload has at most 1 MiB");
    let stored: Uint8Array = raw;
    let codecUsed: number = CODEC.plain;
    if (codec === CODEC.deflate) {
      const packed = deflateRawSync(raw, { level: this.#level, memLevel: 9 });
      if (packed.length < raw.length) {
        stored = packed;
        codecUsed = CODEC.deflate;
      }
    }
    const crc = crc32(stored);
    const header = encodeBlockHeader({
      type,
      codec: codecUsed,
      items,
      rawBytes: raw.length,
      storedBytes: stored.length,
      crc,
    });
    this.#push(header);
    this.#push(stored === raw ? raw.slice() : stored);
  }

  #push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#backlogBytes += bytes.length;
    this.#fileBytes += bytes.length;
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}

/** A number that stands for a hash in a Map: 53 of its bits. */
function keyOf(low: number, high: number): number {
  return low + (high & 0x1fffff) * 4294967296;
}

function equal(a: Int32Array, b: Int32Array): boolean {
  for (let word = 0; word < WORDS_PER_PAGE; word++) if (a[word] !== b[word]) return false;
  return true;
}

function writeError(path: string, cause: unknown): TierError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return new TierError(
    "TRACE_WRITE",
    `The container ${path} cannot be written (${code}); check its folder, its permissions and the room on its disk.`,
    { path, code },
    { cause },
  );
}
