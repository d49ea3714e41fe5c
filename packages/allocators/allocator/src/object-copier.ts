// Moving bytes between ordinary buffers and page frames without making views.
//
// A copy in JavaScript is `target.set(source, at)`, and it copies the whole source: to copy a part one needs a view of
// that part, which costs as much as the copy of a zpage and leaves garbage. A loop over bytes is 20 to 60 times slower
// than the copy. So:
// - Views of *sources* are kept. Pools are written from very few buffers (a compressor's output), and lengths are
//   rounded up to 16 bytes, which a slot has room for; 256 views of a source serve every length. A source gets its
//   views when it has been seen a few times; until then it goes through the scratch buffer, byte by byte.
// - An object that straddles two frames is written with two views: one from the start, one from where the frame ends.
//   Slots of one class always break at the same few places, so these are few as well.
// - Reading copies whole frames, of which there are views already, to the target or to the scratch buffer.
// - Moving an object (rare: compaction) does make a view for the moment.
//
// Views are charged like tables; where the budget has no room for one, the slow loop does the work.

import { type Accountant, assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";

/** Views are kept for lengths that are multiples of this. */
const STEP_SHIFT = 4;
const STEP = 1 << STEP_SHIFT;
const STEP_MASK = STEP - 1;
const SCRATCH_BYTES = 2 * PAGE_SIZE;
const PAGE_MASK = PAGE_SIZE - 1;
/** What a cached view costs, with its slot in a table (measured: 100 to 190 bytes). */
const VIEW_BYTES = 160;
/** The empty tables of one source: 257 and 512 references. */
const SOURCE_BYTES = 6400;
/** Views that do not begin at 0, per source; beyond it they are forgotten and made anew. */
const RANGES_MAX = 1024;
const SOURCES_MAX = 4;
/** Appearances after which a source gets views. */
const SIGHTINGS = 4;
/** Larger buffers are not kept alive for the sake of their views. */
const SOURCE_BUFFER_MAX = 1 << 20;
/** Up to this length a loop over bytes is cheaper than copying a frame. */
const SHORT = 48;

/** A view of a buffer that does not begin at 0. */
interface RangeView {
  readonly length: number;
  readonly view: Uint8Array;
  /** Another one that begins there. */
  readonly next: RangeView | undefined;
}

/** Views of one buffer: of its beginning by length, of other ranges by position and length. Both in steps of 16 bytes. */
class SourceViews {
  readonly source: Uint8Array;
  /** `source[0 .. 16 n)` by n. */
  readonly prefixes: (Uint8Array | undefined)[];
  /** Other ranges by position / 16. */
  readonly #ranges: (RangeView | undefined)[];
  readonly #accountant: Accountant;
  #rangeCount = 0;
  #bytes = 0;

  constructor(source: Uint8Array, accountant: Accountant) {
    this.source = source;
    this.#accountant = accountant;
    this.prefixes = new Array<undefined>(PAGE_SIZE / STEP + 1).fill(undefined);
    this.#ranges = new Array<undefined>(SCRATCH_BYTES / STEP).fill(undefined);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * `source[from .. from + length)`; `undefined` when it would have to be made and the budget has no room.
   *
   * @param length a multiple of 16
   */
  view(from: number, length: number): Uint8Array | undefined {
    if (from === 0) return this.prefixes[length >>> STEP_SHIFT] ?? this.#makePrefix(length);
    if ((from & STEP_MASK) !== 0) return undefined;
    let range = this.#ranges[from >>> STEP_SHIFT];
    while (range !== undefined && range.length !== length) range = range.next;
    return range !== undefined ? range.view : this.#makeRange(from, length);
  }

  release(): void {
    this.#accountant.uncharge(this.#bytes);
    this.#bytes = 0;
    this.#rangeCount = 0;
    this.prefixes.fill(undefined);
    this.#ranges.fill(undefined);
  }

  #charge(): boolean {
    if (!this.#accountant.charge(VIEW_BYTES)) return false;
    this.#bytes += VIEW_BYTES;
    return true;
  }

  #makePrefix(length: number): Uint8Array | undefined {
    if (!this.#charge()) return undefined;
    const view = this.source.subarray(0, length);
    this.prefixes[length >>> STEP_SHIFT] = view;
    return view;
  }

  #makeRange(from: number, length: number): Uint8Array | undefined {
    if (this.#rangeCount >= RANGES_MAX) {
      this.#accountant.uncharge(this.#rangeCount * VIEW_BYTES);
      this.#bytes -= this.#rangeCount * VIEW_BYTES;
      this.#rangeCount = 0;
      this.#ranges.fill(undefined);
    }
    if (!this.#charge()) return undefined;
    const view = this.source.subarray(from, from + length);
    this.#ranges[from >>> STEP_SHIFT] = { length, view, next: this.#ranges[from >>> STEP_SHIFT] };
    this.#rangeCount++;
    return view;
  }
}

/**
 * Copies objects into, out of and between page frames, without garbage. An object is given as the frame it starts in,
 * the frame it goes on in (or {@link NO_FRAME}), and its offset in the first. It lies in at most two frames.
 *
 * For allocators; one per pool.
 */
export class ObjectCopier {
  readonly #frames: PageFrames;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #scratchViews: SourceViews;
  readonly #sources: SourceViews[] = [];
  /** Sources that were written from and have no views, and how often each was seen. */
  readonly #strangers: (Uint8Array | undefined)[] = new Array<undefined>(SOURCES_MAX).fill(undefined);
  readonly #sightings = new Uint8Array(SOURCES_MAX);
  #nextStranger = 0;
  #nextSource = 0;

  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the scratch buffer */
  constructor(frames: PageFrames) {
    this.#frames = frames;
    if (!frames.charge(SCRATCH_BYTES + SOURCE_BYTES)) {
      throw new TierError(
        "ZPOOL_NO_MEMORY",
        `a pool needs ${SCRATCH_BYTES + SOURCE_BYTES} bytes for its buffers and the memory of ${frames.budgetBytes} bytes has no room left; give the stack more memory.`,
        { neededBytes: SCRATCH_BYTES + SOURCE_BYTES, budgetBytes: frames.budgetBytes },
      );
    }
    this.#scratchViews = new SourceViews(this.#scratch, frames);
  }

  /** Bytes charged for the scratch buffer and the views. */
  get bytes(): number {
    let bytes = SCRATCH_BYTES + SOURCE_BYTES + this.#scratchViews.bytes;
    for (const views of this.#sources) bytes += SOURCE_BYTES + views.bytes;
    return bytes;
  }

  /**
   * Copies `source[start .. start + length)` into an object.
   *
   * @param room bytes from the object's start that may be overwritten, at least `length`
   */
  write(
    source: Uint8Array,
    start: number,
    length: number,
    frame: Frame,
    next: Frame,
    offset: number,
    room: number,
  ): void {
    assert(start >= 0 && length > 0 && start + length <= source.length, "the range lies in the source");
    assert(length <= room, "the bytes fit the object");
    if (start === 0) {
      if (length === source.length && offset + length <= PAGE_SIZE) {
        this.#frames.copyIn(frame, offset, source);
        return;
      }
      const views = this.#viewsOf(source);
      if (views !== undefined) {
        this.#put(views, length, frame, next, offset, room);
        return;
      }
    }
    const scratch = this.#scratch;
    for (let index = 0; index < length; index++) scratch[index] = source[start + index]!;
    this.#put(this.#scratchViews, length, frame, next, offset, room);
  }

  /** Copies an object to `target[start ..)`, no byte more. */
  read(frame: Frame, next: Frame, offset: number, length: number, target: Uint8Array, start: number): void {
    assert(start >= 0 && start + length <= target.length, "the object fits the target");
    if (length === PAGE_SIZE && offset === 0) {
      target.set(this.#frames.view(frame), start);
      return;
    }
    if (length <= SHORT && offset + length <= PAGE_SIZE) {
      const bytes = this.#frames.view(frame);
      for (let index = 0; index < length; index++) target[start + index] = bytes[offset + index]!;
      return;
    }
    const scratch = this.#scratch;
    scratch.set(this.#frames.view(frame), 0);
    if (next !== NO_FRAME) scratch.set(this.#frames.view(next), PAGE_SIZE);
    if (offset !== 0) scratch.copyWithin(0, offset, offset + length);
    const whole = length & ~STEP_MASK;
    const view = whole === 0 ? undefined : this.#scratchViews.view(0, whole);
    let index = 0;
    if (view !== undefined) {
      target.set(view, start);
      index = whole;
    }
    for (; index < length; index++) target[start + index] = scratch[index]!;
  }

  /**
   * Copies the object's frames, whole, to the beginning of `target`; the object then starts there at its offset.
   *
   * @param target at least two frames long
   */
  readAround(frame: Frame, next: Frame, target: Uint8Array): void {
    assert(target.length >= SCRATCH_BYTES, "the target has room for two frames");
    target.set(this.#frames.view(frame), 0);
    if (next !== NO_FRAME) target.set(this.#frames.view(next), PAGE_SIZE);
  }

  /** Copies `length` bytes of an object to another place. The places do not overlap. */
  move(
    frame: Frame,
    next: Frame,
    offset: number,
    length: number,
    toFrame: Frame,
    toNext: Frame,
    toOffset: number,
  ): void {
    for (let done = 0; done < length; ) {
      const from = offset + done;
      const to = toOffset + done;
      const left = Math.min(length - done, roomAfter(from), roomAfter(to));
      this.#frames.copy(
        from < PAGE_SIZE ? frame : next,
        from & PAGE_MASK,
        to < PAGE_SIZE ? toFrame : toNext,
        to & PAGE_MASK,
        left,
      );
      done += left;
    }
  }

  /** Gives all memory back; the copier must not be used afterwards. */
  release(): void {
    this.#frames.uncharge(this.#sources.length * SOURCE_BYTES + SCRATCH_BYTES + SOURCE_BYTES);
    for (const views of this.#sources) views.release();
    this.#scratchViews.release();
    this.#sources.length = 0;
    this.#strangers.fill(undefined);
  }

  /** Copies `source[0 .. length)` into an object. */
  #put(views: SourceViews, length: number, frame: Frame, next: Frame, offset: number, room: number): void {
    const inFirst = PAGE_SIZE - offset;
    const rounded = (length + STEP_MASK) & ~STEP_MASK;
    if (rounded <= inFirst && rounded <= room && rounded <= views.source.length) {
      const view = views.prefixes[rounded >>> STEP_SHIFT];
      if (view !== undefined) this.#frames.copyIn(frame, offset, view);
      else this.#putPart(views, 0, length, rounded, frame, offset);
      return;
    }
    if (length <= inFirst) {
      this.#putPart(views, 0, length, length, frame, offset);
      return;
    }
    this.#putPart(views, 0, inFirst, inFirst, frame, offset);
    // The whole rest of the slot: its length depends on the slot alone, so that few different views are needed.
    const tail = length - inFirst;
    this.#putPart(views, inFirst, tail, room <= views.source.length ? room - inFirst : tail, next, 0);
  }

  /** Copies `source[from .. from + length)` to the frame's bytes `at ..`, and up to `most` bytes if that is easier. */
  #putPart(views: SourceViews, from: number, length: number, most: number, frame: Frame, at: number): void {
    const whole = most & ~STEP_MASK;
    let index = 0;
    if (whole > 0) {
      const view = views.view(from, whole);
      if (view !== undefined) {
        this.#frames.copyIn(frame, at, view);
        index = whole;
      }
    }
    if (index >= length) return;
    const source = views.source;
    const target = this.#frames.view(frame);
    for (; index < length; index++) target[at + index] = source[from + index]!;
  }

  /** The views of a source that is written from again and again; `undefined` for others. */
  #viewsOf(source: Uint8Array): SourceViews | undefined {
    const sources = this.#sources;
    for (let index = 0; index < sources.length; index++) if (sources[index]!.source === source) return sources[index];
    return this.#meet(source);
  }

  /** Counts an appearance of a source without views; gives it views when it comes often. */
  #meet(source: Uint8Array): SourceViews | undefined {
    const index = this.#strangers.indexOf(source);
    if (index === -1) {
      if (source.buffer.byteLength > SOURCE_BUFFER_MAX) return undefined;
      this.#strangers[this.#nextStranger] = source;
      this.#sightings[this.#nextStranger] = 1;
      this.#nextStranger = (this.#nextStranger + 1) % SOURCES_MAX;
      return undefined;
    }
    if (++this.#sightings[index]! < SIGHTINGS) return undefined;
    this.#sightings[index] = 0;
    if (this.#sources.length < SOURCES_MAX) {
      if (!this.#frames.charge(SOURCE_BYTES)) return undefined;
      this.#sources.push(new SourceViews(source, this.#frames));
    } else {
      this.#sources[this.#nextSource]!.release();
      this.#sources[this.#nextSource] = new SourceViews(source, this.#frames);
      this.#nextSource = (this.#nextSource + 1) % SOURCES_MAX;
    }
    this.#strangers[index] = undefined;
    return this.#viewsOf(source);
  }
}

/** Bytes from a place in two frames to the end of its frame. */
function roomAfter(at: number): number {
  return PAGE_SIZE - (at & PAGE_MASK);
}
