// The RAM budget.
//
// One number of bytes is shared by everything that a stack keeps in memory: resident pages, pool frames, and the
// tables and buffers beside them. Frames live in segments of 1 MiB, each a resizable ArrayBuffer: a segment grows to
// full size when its first frame is taken and shrinks to nothing when its last one comes back, which returns the
// memory to the operating system at once (a plain buffer would wait for the garbage collector, and WebAssembly memory
// never shrinks). Frames are handed out lowest segment first, so that a shrinking stack empties the high segments;
// `compact` helps by asking owners to move their frames down.
//
// Metadata is charged in bytes. What is charged is not available for frames: `free` is the budget minus frames minus
// charges, rounded to whole frames. A frame's own bookkeeping (its view, its owner byte) counts with the frame.
//
// Segments are 1 MiB and not smaller because each border between held and released memory is a kernel mapping.

import { type Accountant, assert, type Branded, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Watermarks, watermarksFor } from "./watermarks.js";

/** Number of a page frame, 1..2^22 - 1. */
export type Frame = Branded<number, "@pagetier/frames/Frame">;
/** `take`: none to be had in this context. Never a frame. */
export const NO_FRAME = 0 as Frame;

/**
 * Who asks for a frame, and so how deep into the budget the request may go.
 * - `"user"`: a resident page; not below the min watermark: reclaim first.
 * - `"reclaim"`: memory that reclaim needs to make progress (a pool growing to take a page): down to the write-back reserve.
 * - `"writeback"`: memory that brings pages to a device, and so frees more than it takes: everything.
 */
export type AllocationContext = "user" | "reclaim" | "writeback";

/** Someone who takes frames. */
export interface FrameOwner {
  /** For reports: `"mm"`, `"zsmalloc"`. */
  readonly name: string;
  /**
   * Moves what `from` holds to `to`, which is already taken for this owner: copies the bytes and changes every reference.
   * Without this member the owner's frames stay where they are.
   *
   * @returns `false` when the frame cannot move now; nothing has changed then
   */
  relocate?(from: Frame, to: Frame): boolean;
}

export interface PageFramesOptions {
  /** The budget, in bytes; at least {@link PageFrames.minimumBytes}. */
  readonly budgetBytes: number;
  /** Frames only the context `"writeback"` may take; default one cluster of 32, less in small budgets (below 4 MiB), where it is half of the min watermark. */
  readonly reserveFrames?: number;
}

/** Where a composition root finds the page frames of a stack. (A tsyringe token.) */
export const PAGE_FRAMES: unique symbol = Symbol.for("@pagetier/frames/PageFrames") as never;

const SEGMENT_SHIFT = 8;
const FRAMES_PER_SEGMENT = 1 << SEGMENT_SHIFT;
const SEGMENT_BYTES = FRAMES_PER_SEGMENT * PAGE_SIZE;
const WORDS_PER_SEGMENT = FRAMES_PER_SEGMENT / 32;
/** What a frame costs beside its bytes: the cached view (measured: 100 to 190 bytes), its slot in an array, its owner byte. */
const FRAME_RECORD_BYTES = 256;
const CLUSTER = 32;
/** A frame number fits 22 bits. */
const FRAMES_MAX = (1 << 22) - 1;
const OWNERS_MAX = 255;

/** Frames 256 n + 1 … 256 n + 256 (frame 0 does not exist, so that 0 can mean none). */
interface Segment {
  readonly buffer: ArrayBuffer;
  /** The whole segment; valid while it is at full size. */
  readonly bytes: Uint8Array;
  /** One bit per frame, set while taken. */
  readonly taken: Uint32Array;
  readonly owners: Uint8Array;
  readonly views: (Uint8Array | undefined)[];
  used: number;
}

// TypeScript's ES2023 library does not know resizable buffers; Node 20 does.
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer;
const resize = (buffer: ArrayBuffer, length: number): void =>
  (buffer as ArrayBuffer & { resize(length: number): void }).resize(length);

/** Makes the view of a frame when it is first asked for: pools write by segment, and never look into many of their frames. */
function makeView(segment: Segment, index: number): Uint8Array {
  const view = new Uint8Array(segment.buffer, index * PAGE_SIZE, PAGE_SIZE);
  segment.views[index] = view;
  return view;
}

/** Returns an empty segment's memory, that of its views included. */
function release(segment: Segment): void {
  resize(segment.buffer, 0);
  segment.views.fill(undefined);
}

/** The page frames of one stack. Not shared between threads. */
export class PageFrames implements Accountant {
  /** The least budget: room for the reserve, a zspage, a cluster of I/O and a few resident pages. */
  static readonly minimumBytes = 1 << 20;

  readonly #segments: (Segment | undefined)[] = [];
  readonly #owners: FrameOwner[] = [{ name: "nobody" }];
  readonly #framesByOwner: number[] = [0];
  #budgetBytes: number;
  #chargedBytes = 0;
  /** Frames that the charged bytes take away. */
  #chargedFrames = 0;
  #used = 0;
  #peakBytes = 0;
  #total = 0;
  /** No segment below this one has a free frame. */
  #lowestFree = 0;
  /** The lowest empty segment stays at full size, so that a stack at the edge does not grow and shrink it again and again. */
  #spare: Segment | undefined;
  #spareNumber = 0;
  #watermarks: Watermarks = { min: 0, low: 0, high: 0 };
  #reserveFrames = 0;
  readonly #reserveWanted: number | undefined;

  /** @throws TierError FRAMES_TOO_SMALL */
  constructor(options: PageFramesOptions) {
    this.#reserveWanted = options.reserveFrames;
    this.#budgetBytes = 0;
    this.setTotal(options.budgetBytes);
  }

  /** Bytes that everything in memory may take together. */
  get budgetBytes(): number {
    return this.#budgetBytes;
  }

  /** Frames that the budget holds when nothing is charged; at most 2^22 - 1 (16 GiB). */
  get total(): number {
    return this.#total;
  }

  /** Frames taken. */
  get used(): number {
    return this.#used;
  }

  /** Frames that could still be taken by the context `"writeback"`. Negative after {@link setTotal} shrank the budget below its use. */
  get free(): number {
    return this.#total - this.#used - this.#chargedFrames;
  }

  /** Bytes charged for tables and buffers. */
  get chargedBytes(): number {
    return this.#chargedBytes;
  }

  /** Bytes that count against the budget now: frames with their records, and charges. */
  get usedBytes(): number {
    return this.#used * (PAGE_SIZE + FRAME_RECORD_BYTES) + this.#chargedBytes;
  }

  /** The most that {@link usedBytes} ever was. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  get watermarks(): Watermarks {
    return this.#watermarks;
  }

  /** Frames that only the context `"writeback"` may take. */
  get reserveFrames(): number {
    return this.#reserveFrames;
  }

  /** Frames that a request in this context could take now; 0 or more. */
  available(context: AllocationContext): number {
    const kept =
      context === "writeback"
        ? 0
        : context === "reclaim"
          ? this.#reserveFrames
          : Math.max(this.#reserveFrames, this.#watermarks.min);
    return Math.max(0, this.free - kept);
  }

  /** Makes an owner known. @returns the number by which it takes frames */
  register(owner: FrameOwner): number {
    assert(this.#owners.length < OWNERS_MAX, "at most 254 owners share one budget");
    this.#framesByOwner.push(0);
    return this.#owners.push(owner) - 1;
  }

  /** Frames by owner's name, for reports; owners without frames are left out. */
  holders(): Record<string, number> {
    const held: Record<string, number> = {};
    for (const [id, owner] of this.#owners.entries()) {
      const frames = this.#framesByOwner[id]!;
      if (frames > 0) held[owner.name] = (held[owner.name] ?? 0) + frames;
    }
    return held;
  }

  /** Takes a frame. Its content is undefined. @returns {@link NO_FRAME} when the context may go no deeper */
  take(context: AllocationContext, owner: number): Frame {
    if (this.available(context) < 1) return NO_FRAME;
    const frame = this.#takeLowest(owner);
    this.#notePeak();
    return frame;
  }

  /** Takes `count` frames into `into[0 ..)`, or none. @returns whether it took them */
  takeMany(context: AllocationContext, owner: number, count: number, into: Uint32Array): boolean {
    assert(count <= into.length, "the frames fit their array");
    if (this.available(context) < count) return false;
    for (let index = 0; index < count; index++) into[index] = this.#takeLowest(owner);
    this.#notePeak();
    return true;
  }

  /** Gives a frame back. Its view must not be used afterwards. */
  give(frame: Frame): void {
    const segment = this.#segmentOf(frame);
    const index = (frame - 1) & (FRAMES_PER_SEGMENT - 1);
    const bit = 1 << (index & 31);
    assert((segment.taken[index >>> 5]! & bit) !== 0, "a frame that is given back was taken");
    segment.taken[index >>> 5]! &= ~bit;
    this.#framesByOwner[segment.owners[index]!]!--;
    segment.owners[index] = 0;
    segment.used--;
    this.#used--;
    const number = (frame - 1) >>> SEGMENT_SHIFT;
    if (number < this.#lowestFree) this.#lowestFree = number;
    if (segment.used === 0) this.#retire(segment, number);
  }

  /** The frame's bytes: one view per frame, the same object as long as the frame is taken, `PAGE_SIZE` long. */
  view(frame: Frame): Uint8Array {
    const segment = this.#segments[(frame - 1) >>> SEGMENT_SHIFT]!;
    const index = (frame - 1) & (FRAMES_PER_SEGMENT - 1);
    return segment.views[index] ?? makeView(segment, index);
  }

  /**
   * Copies `source` to a frame, from byte `at` on; the caller sees to it that it fits. Faster than `set` on the frame's
   * view, since it touches one object per segment instead of one per frame.
   */
  copyIn(frame: Frame, at: number, source: Uint8Array): void {
    const segment = this.#segments[(frame - 1) >>> SEGMENT_SHIFT]!;
    segment.bytes.set(source, ((frame - 1) & (FRAMES_PER_SEGMENT - 1)) * PAGE_SIZE + at);
  }

  /**
   * Copies bytes from one frame to another, or within one (overlapping ranges come out right). For moving things
   * together: it makes a view for the moment when the frames lie in different segments.
   */
  copy(from: Frame, fromAt: number, to: Frame, toAt: number, length: number): void {
    const source = this.#segments[(from - 1) >>> SEGMENT_SHIFT]!;
    const target = this.#segments[(to - 1) >>> SEGMENT_SHIFT]!;
    const start = ((from - 1) & (FRAMES_PER_SEGMENT - 1)) * PAGE_SIZE + fromAt;
    const end = ((to - 1) & (FRAMES_PER_SEGMENT - 1)) * PAGE_SIZE + toAt;
    if (source === target) source.bytes.copyWithin(end, start, start + length);
    else target.bytes.set(new Uint8Array(source.buffer, start, length), end);
  }

  charge(bytes: number): boolean {
    assert(bytes >= 0, "a charge is not negative");
    const room = this.#budgetBytes - this.usedBytes - this.#reserveFrames * (PAGE_SIZE + FRAME_RECORD_BYTES);
    // While the reserve is in use there is less than no room; a charge of nothing is granted all the same.
    if (bytes > 0 && bytes > room) return false;
    this.#setCharged(this.#chargedBytes + bytes);
    this.#notePeak();
    return true;
  }

  uncharge(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#chargedBytes, "only what was charged is uncharged");
    this.#setCharged(this.#chargedBytes - bytes);
  }

  /**
   * Changes the budget. Shrinking below the present use takes nothing away: requests fail until enough was given back.
   *
   * @throws TierError FRAMES_TOO_SMALL
   */
  setTotal(budgetBytes: number): void {
    if (!(budgetBytes >= PageFrames.minimumBytes)) {
      throw new TierError(
        "FRAMES_TOO_SMALL",
        `memory is ${budgetBytes} bytes; the least is ${PageFrames.minimumBytes} (1MiB).`,
        { budgetBytes, minimumBytes: PageFrames.minimumBytes },
      );
    }
    this.#budgetBytes = budgetBytes;
    this.#total = Math.min(FRAMES_MAX, Math.floor(budgetBytes / (PAGE_SIZE + FRAME_RECORD_BYTES)));
    this.#reserveFrames = this.#reserveWanted ?? Math.min(CLUSTER, Math.floor(this.#total / 32));
    this.#watermarks = watermarksFor(this.#total);
  }

  /**
   * Moves frames from high segments to free places in low ones, so that segments become empty and go back to the
   * operating system. Charges nothing and changes no count of frames.
   *
   * @param budgetFrames move at most so many
   * @returns frames moved
   */
  compact(budgetFrames: number): number {
    let moved = 0;
    for (let number = this.#segments.length - 1; number > this.#lowestFree; number--) {
      const segment = this.#segments[number];
      if (segment === undefined || segment.used === 0) continue;
      for (let index = 0; index < FRAMES_PER_SEGMENT && segment.used > 0; index++) {
        if (moved >= budgetFrames) return moved;
        if ((segment.taken[index >>> 5]! & (1 << (index & 31))) === 0) continue;
        this.#skipFullSegments();
        if (this.#lowestFree >= number) return moved;
        const owner = segment.owners[index]!;
        const relocate = this.#owners[owner]!.relocate;
        if (relocate === undefined) continue;
        const from = (number * FRAMES_PER_SEGMENT + index + 1) as Frame;
        const to = this.#takeLowest(owner);
        const left = relocate.call(this.#owners[owner]!, from, to);
        this.give(left ? from : to);
        if (left) moved++;
      }
    }
    return moved;
  }

  /** Throws AssertionError at the first broken invariant. O(frames). */
  verify(): void {
    let used = 0;
    const byOwner = new Array<number>(this.#owners.length).fill(0);
    for (const [number, segment] of this.#segments.entries()) {
      if (segment === undefined) continue;
      let inSegment = 0;
      for (let index = 0; index < FRAMES_PER_SEGMENT; index++) {
        const taken = (segment.taken[index >>> 5]! & (1 << (index & 31))) !== 0;
        assert(taken === (segment.owners[index]! !== 0), "exactly the taken frames have an owner");
        if (!taken) continue;
        inSegment++;
        byOwner[segment.owners[index]!]!++;
      }
      assert(inSegment === segment.used, "a segment counts its taken frames");
      assert(inSegment === FRAMES_PER_SEGMENT || number >= this.#lowestFree, "no free frame lies below the hint");
      assert(inSegment === 0 || segment.buffer.byteLength === SEGMENT_BYTES, "a segment in use has its memory");
      used += inSegment;
    }
    assert(used === this.#used, "used counts exactly the taken frames");
    for (const [id, frames] of byOwner.entries())
      assert(frames === this.#framesByOwner[id], "each owner's frames are counted");
  }

  #setCharged(bytes: number): void {
    this.#chargedBytes = bytes;
    this.#chargedFrames = Math.ceil(bytes / (PAGE_SIZE + FRAME_RECORD_BYTES));
  }

  #segmentOf(frame: Frame): Segment {
    const segment = this.#segments[(frame - 1) >>> SEGMENT_SHIFT];
    assert(frame > 0 && segment !== undefined, "the frame exists");
    return segment;
  }

  #skipFullSegments(): void {
    while (this.#segments[this.#lowestFree]?.used === FRAMES_PER_SEGMENT) this.#lowestFree++;
  }

  #takeLowest(owner: number): Frame {
    assert(owner > 0 && owner < this.#owners.length, "the owner is registered");
    this.#skipFullSegments();
    const number = this.#lowestFree;
    const segment = this.#segmentFor(number);
    let word = 0;
    while (segment.taken[word] === 0xffffffff) word++;
    assert(word < WORDS_PER_SEGMENT, "a segment that is not full has a free frame");
    const free = ~segment.taken[word]!;
    const index = word * 32 + (31 - Math.clz32(free & -free));
    segment.taken[word]! |= 1 << (index & 31);
    segment.owners[index] = owner;
    segment.used++;
    this.#used++;
    this.#framesByOwner[owner]!++;
    return (number * FRAMES_PER_SEGMENT + index + 1) as Frame;
  }

  /** The segment of that number, at full size. */
  #segmentFor(number: number): Segment {
    let segment = this.#segments[number];
    if (segment === undefined) {
      const buffer = new ResizableBuffer(0, { maxByteLength: SEGMENT_BYTES });
      segment = {
        buffer,
        bytes: new Uint8Array(buffer), // Tracks the buffer's length.
        taken: new Uint32Array(WORDS_PER_SEGMENT),
        owners: new Uint8Array(FRAMES_PER_SEGMENT),
        views: new Array<Uint8Array | undefined>(FRAMES_PER_SEGMENT).fill(undefined),
        used: 0,
      };
      this.#segments[number] = segment;
    }
    if (segment === this.#spare) this.#spare = undefined;
    else if (segment.buffer.byteLength === 0) resize(segment.buffer, SEGMENT_BYTES);
    return segment;
  }

  /** An empty segment gives its memory back, except that the lowest such is kept as a spare. */
  #retire(segment: Segment, number: number): void {
    if (this.#spare !== undefined && this.#spareNumber < number) {
      release(segment);
      return;
    }
    if (this.#spare !== undefined) release(this.#spare);
    this.#spare = segment;
    this.#spareNumber = number;
  }

  #notePeak(): void {
    const bytes = this.usedBytes;
    if (bytes > this.#peakBytes) this.#peakBytes = bytes;
  }
}
