// Reads containers: docs/container-format.md.
//
// A reading goes from the first block to the last, keeps the window of contents and one batch of operations, and checks
// everything it passes: checksums, hashes of contents, that operations make sense, and that the end block counts the
// same. So a reading that ends without an error has seen a whole and consistent file.

import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { type Input, openInput } from "../input.js";
import type { Compression } from "../input-error.js";
import { PageHash } from "../page-hash.js";
import { type Block, BlockStream } from "./block-stream.js";
import { ByteCursor, DamagedBlock } from "./byte-cursor.js";
import { damagedContainer, unreadableContainer } from "./container-error.js";
import { decodeContent } from "./content-codec.js";
import { ContentWindow } from "./content-window.js";
import {
  ABOUT_BYTES_MAX,
  BLOCK,
  BLOCK_HEADER_BYTES,
  BLOCK_SKIPPABLE,
  decodeBlockHeader,
  decodeHeader,
  decodeTrailer,
  HEADER_BYTES,
  type Header,
  SPACE_KINDS,
  SPACE_NAME_BYTES_MAX,
  SPACE_PAGES_MAX,
  SPACES_MAX,
  type SpaceKind,
  startsWithMagic,
  TRAILER_BYTES,
  VERSION_MAJOR,
} from "./layout.js";
import { decodeOperations, OperationBatch } from "./operations.js";
import { newSpaceState, type SpaceState } from "./space-state.js";
import { type ContainerTotals, decodeTotals, TotalsCounter, totalsDiffer } from "./totals.js";

/** A space as a container describes it. */
export interface ContainerSpace {
  readonly name: string;
  readonly kind: SpaceKind;
  /** Length of a file at the beginning, in pages; 0 for anonymous spaces. */
  readonly filePages: number;
}

/** Where a workload comes from. Every key is optional and free text. */
export type ContainerAbout = Readonly<Record<string, unknown>>;

export interface ReadingOptions {
  /** Reads only the first so many operations. */
  readonly limit?: number | undefined;
  /** `false`: contents are passed over; operations still name their slots. Default `true`. */
  readonly contents?: boolean;
}

/** A container on disk. Read it as often as needed, with one {@link ContainerReading} each. */
export class Container {
  readonly #input: Input;

  private constructor(
    input: Input,
    readonly header: Header,
    /** What the file says of its origin. */
    readonly about: ContainerAbout,
  ) {
    this.#input = input;
  }

  get name(): string {
    return this.#input.path;
  }

  get compression(): Compression {
    return this.#input.compression;
  }

  get fileBytes(): number {
    return this.#input.fileBytes;
  }

  /**
   * Opens a container and reads what it says of itself. Whatever is wrong later comes while it is read.
   *
   * @throws TierError `TRACE_OPEN`, `TRACE_EMPTY`, `TRACE_FORMAT` (no container, or of a later version), `TRACE_CORRUPT`,
   *   `TRACE_TRUNCATED`
   */
  static async open(path: string): Promise<Container> {
    const input = await openInput(path, "trace");
    const stream = new BlockStream(input);
    try {
      const header = await readHeader(stream, input);
      return new Container(input, header, await readAbout(stream, input));
    } finally {
      await stream.close();
    }
  }

  /**
   * Whether a file begins as a container does, also when it is packed as a whole.
   *
   * @throws TierError `TRACE_OPEN`, `TRACE_EMPTY`, `TRACE_CORRUPT`
   */
  static async isContainer(path: string): Promise<boolean> {
    const stream = new BlockStream(await openInput(path, "trace"));
    const head = new Uint8Array(8);
    try {
      await stream.fill(head, head.length, "the header");
      return startsWithMagic(head);
    } catch (error) {
      if (TierError.is(error, "TRACE_TRUNCATED")) return false;
      throw error;
    } finally {
      await stream.close();
    }
  }

  /** Begins a reading. */
  read(options: ReadingOptions = {}): ContainerReading {
    return new ContainerReading(this.#input, options);
  }

  /**
   * What the container holds: from its end where that can be reached at once, else by reading it without contents.
   *
   * @param limit counts only the first so many operations, by reading them
   */
  async totals(limit?: number): Promise<ContainerTotals> {
    const atOnce =
      limit === undefined && this.#input.compression === "none" ? await totalsAtEnd(this.#input) : undefined;
    if (atOnce !== undefined) return atOnce;
    const reading = this.read({ limit, contents: false });
    for await (const _ of reading);
    return reading.totals();
  }
}

/** One reading of a container: iterate it for its operations. */
export class ContainerReading implements AsyncIterable<OperationBatch> {
  readonly #input: Input;
  readonly #limit: number;
  readonly #withContents: boolean;
  readonly #spaces: ContainerSpace[] = [];
  readonly #states: SpaceState[] = [];
  readonly #counter = new TotalsCounter();
  readonly #hash = new PageHash();
  readonly #batch = new OperationBatch();
  #window: ContentWindow | undefined;

  constructor(input: Input, options: ReadingOptions) {
    this.#input = input;
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#withContents = options.contents ?? true;
  }

  /** The spaces described so far: all that the present batch uses. */
  get spaces(): readonly ContainerSpace[] {
    return this.#spaces;
  }

  /** The contents that the present batch refers to. */
  get window(): ContentWindow {
    return this.#window!;
  }

  /** What was read so far; the contents of a reading without them count, too. */
  totals(): ContainerTotals {
    return this.#counter.totals(this.#states.map(({ pages }) => pages));
  }

  /** @throws TierError `TRACE_CORRUPT`, `TRACE_TRUNCATED`, with the byte */
  async *[Symbol.asyncIterator](): AsyncGenerator<OperationBatch, void, undefined> {
    const stream = new BlockStream(this.#input);
    try {
      const { windowPages } = await readHeader(stream, this.#input);
      if (this.#withContents) this.#window = new ContentWindow(windowPages);
      for (;;) {
        const block = await stream.block();
        const ended = this.#take(block);
        if (block.header.type === BLOCK.operations) {
          yield this.#batch;
          if (this.#counter.operations >= this.#limit) return;
        }
        if (!ended) continue;
        await checkTrailer(stream, this.#input, block.offset);
        return;
      }
    } finally {
      await stream.close();
    }
  }

  /** @returns whether this was the end */
  #take(block: Block): boolean {
    const { type, items } = block.header;
    const { cursor } = block;
    try {
      if (type === BLOCK.operations) this.#takeOperations(cursor, items);
      else if (type === BLOCK.contents) this.#takeContents(cursor, items);
      else if (type === BLOCK.spaces) this.#takeSpaces(cursor, items);
      else if (type === BLOCK.end) this.#checkTotals(cursor);
      else if (type !== BLOCK.about && type < BLOCK_SKIPPABLE) throw new DamagedBlock(`block type ${type} is unknown`);
      return type === BLOCK.end;
    } catch (error) {
      if (error instanceof DamagedBlock) throw damagedContainer(this.#input, block.offset, error.message);
      throw error;
    }
  }

  #takeOperations(cursor: ByteCursor, items: number): void {
    const { durationNs, operations } = this.#counter;
    const limits = { spaces: this.#states, window: this.#window };
    decodeOperations(cursor, items, durationNs, limits, this.#batch);
    this.#batch.length = Math.min(items, this.#limit - operations);
    this.#counter.countBatch(this.#batch);
  }

  #takeContents(cursor: ByteCursor, items: number): void {
    this.#counter.contents += items;
    const window = this.#window;
    if (window === undefined) return;
    for (let item = 0; item < items; item++) {
      const slot = cursor.varint();
      if (slot >= window.pages) throw new DamagedBlock(`slot ${slot} lies outside the window of ${window.pages}`);
      const low = cursor.u32();
      const high = cursor.u32();
      decodeContent(cursor, slot, window);
      this.#hash.update(window.words(slot));
      if (this.#hash.low !== low || this.#hash.high !== high) throw new DamagedBlock("the hash of a content is wrong");
      window.define(slot, low, high);
    }
    cursor.finish();
  }

  #takeSpaces(cursor: ByteCursor, items: number): void {
    for (let item = 0; item < items; item++) {
      const kind = SPACE_KINDS[cursor.u8()];
      if (kind === undefined) throw new DamagedBlock("the kind of a space is unknown");
      const filePages = cursor.varint();
      if (filePages > SPACE_PAGES_MAX || (kind === "anon" && filePages > 0)) {
        throw new DamagedBlock(`a space of kind ${kind} cannot begin with ${filePages} pages`);
      }
      if (this.#states.length === SPACES_MAX) throw new DamagedBlock("there are too many spaces");
      const nameBytes = cursor.varint();
      if (nameBytes > SPACE_NAME_BYTES_MAX) throw new DamagedBlock(`a space cannot have a name of ${nameBytes} bytes`);
      this.#spaces.push({ name: cursor.text(nameBytes), kind, filePages });
      this.#states.push(newSpaceState(kind, filePages));
    }
    cursor.finish();
  }

  #checkTotals(cursor: ByteCursor): void {
    const difference = totalsDiffer(decodeTotals(cursor), this.totals());
    if (difference !== undefined) throw new DamagedBlock(difference);
  }
}

async function readHeader(stream: BlockStream, input: Input): Promise<Header> {
  const bytes = new Uint8Array(HEADER_BYTES);
  await stream.fill(bytes, 8, "the header");
  if (!startsWithMagic(bytes)) throw unreadableContainer(input, "is no container of operations and contents (.ptt)");
  const rest = new Uint8Array(HEADER_BYTES - 8);
  await stream.fill(rest, rest.length, "the header");
  bytes.set(rest, 8);
  const header = decodeHeader(bytes);
  if (typeof header === "string") throw damagedContainer(input, 0, header);
  if (header.major > VERSION_MAJOR) {
    const version = `${header.major}.${header.minor}`;
    throw unreadableContainer(
      input,
      `has version ${version} of the format, and this reads up to ${VERSION_MAJOR}; update pagetier`,
    );
  }
  if (header.pageBytes !== PAGE_SIZE) {
    throw unreadableContainer(input, `has pages of ${header.pageBytes} bytes, and this reads pages of ${PAGE_SIZE}`);
  }
  return header;
}

async function readAbout(stream: BlockStream, input: Input): Promise<ContainerAbout> {
  const { header, cursor, offset } = await stream.block();
  if (header.type !== BLOCK.about)
    throw damagedContainer(input, offset, "the first block does not say what this is about");
  if (header.rawBytes > ABOUT_BYTES_MAX) throw damagedContainer(input, offset, "what it says of itself is too long");
  let about: unknown;
  try {
    about = JSON.parse(cursor.text(header.rawBytes));
  } catch {
    about = undefined;
  }
  if (typeof about === "object" && about !== null && !Array.isArray(about)) return about as ContainerAbout;
  throw damagedContainer(input, offset, "what it says of itself is no JSON object");
}

async function checkTrailer(stream: BlockStream, input: Input, endAt: number): Promise<void> {
  const offset = stream.offset;
  const trailer = new Uint8Array(TRAILER_BYTES);
  await stream.fill(trailer, TRAILER_BYTES, "the trailer");
  if (decodeTrailer(trailer) !== endAt)
    throw damagedContainer(input, offset, "the trailer does not name the end block");
  if (await stream.hasMore()) throw damagedContainer(input, stream.offset, "something follows the end");
}

/** The end block, by way of the trailer; `undefined` when there is none: then reading tells what is wrong. */
async function totalsAtEnd(input: Input): Promise<ContainerTotals | undefined> {
  const handle = await open(input.path, "r");
  try {
    const { size } = await handle.stat();
    const trailer = new Uint8Array(TRAILER_BYTES);
    if (size < HEADER_BYTES + TRAILER_BYTES) return undefined;
    await handle.read(trailer, 0, TRAILER_BYTES, size - TRAILER_BYTES);
    const endAt = decodeTrailer(trailer);
    const length = size - TRAILER_BYTES - (endAt ?? size);
    if (endAt === undefined || length < BLOCK_HEADER_BYTES || length > 2 ** 20) return undefined;
    const bytes = new Uint8Array(length);
    await handle.read(bytes, 0, length, endAt);
    const header = decodeBlockHeader(bytes);
    const payload = bytes.subarray(BLOCK_HEADER_BYTES);
    if (typeof header === "string" || header.type !== BLOCK.end || header.crc !== crc32(payload)) return undefined;
    return decodeTotals(new ByteCursor(payload, payload.length));
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
