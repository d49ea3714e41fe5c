// Groups of equal slots: what kmalloc, slub and zsmalloc have in common.
//
// A size belongs to a class; a class cuts groups of p frames into as many slots of one size as fit. Slot k begins at byte
// k × size of the group and may go on in the next frame. An object takes one slot. A group is the unit in which frames
// come and go: it is made for its first object and dissolved with its last, so it is also the contract's group.
//
// Layout. One record of words per group, in one table:
//
//   word 0         class << 24 | used slots << 12 | first free slot
//   words 1, 2     next and previous group of the same list (0: none)
//   next p words   frames
//   next n words   slots: the handle of the object there, or FREE | next free slot
//
// Records are multiples of four words, lie in one chunk of the table and are named by their position / 4. Free records
// wait in lists by length. A second
// table leads from a frame to its record, so that frames can be moved (PageFrames.compact). Per class there is one list
// of groups per step of fullness; allocation takes from the fullest step that has a group, newest first. Everything is
// O(1) except making and dissolving a group, which touch its frames and slots.

import { assert, PAGE_SHIFT, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import { HandleTable, positionIn, sizeIn } from "./handle-table.js";
import { ObjectCopier } from "./object-copier.js";
import { WORD_MASK, WORD_SHIFT, WordTable } from "./word-table.js";
import {
  type Group,
  type Handle,
  NO_GROUP,
  NO_HANDLE,
  TOO_LARGE,
  type Zpool,
  type ZpoolClassStats,
  type ZpoolStats,
} from "./zpool.js";

/** One class of slots. */
export interface SlotClass {
  /** Bytes in a slot. */
  readonly size: number;
  /** Frames in a group. */
  readonly frames: number;
  /** Slots in a group. */
  readonly slots: number;
  /** Bytes of every slot that no object may use. */
  readonly headerBytes: number;
}

export interface SlotPoolOptions {
  readonly type: string;
  readonly maxSize: number;
  /** By size, smallest first; at most 255. */
  readonly classes: readonly SlotClass[];
  /** Steps of fullness that allocation distinguishes among groups with free slots: 1 (newest first) to 15. */
  readonly fullnessSteps: number;
}

/** What the pool itself holds beside tables, roughly: object, lists of free records. */
const POOL_BYTES = 4096;
const NEXT = 1;
const PREVIOUS = 2;
const FRAMES = 3;
/** Records are multiples of this many words. */
const UNIT = 4;
const NO_SLOT = 0xfff;
const UNLISTED = -1;
const FREE = 0x80000000;
const FRAMES_MAX = 16;
/** `group >>> GROUP_SHIFT` is the chunk of a record, which never crosses into the next. */
const GROUP_SHIFT = WORD_SHIFT - 2;
const USED_ONE = 1 << 12;
const PAGE_MASK = PAGE_SIZE - 1;

/** A pool of groups of equal slots. Subclasses choose the classes, and whether and how objects move. */
export abstract class SlotPool implements Zpool {
  readonly type: string;
  readonly maxSize: number;
  readonly #frames: PageFrames;
  readonly #owner: number;
  readonly #copier: ObjectCopier;
  readonly #handles: HandleTable;
  /** Records of groups. */
  readonly #records: WordTable;
  /** Record of the group that holds a frame, by frame; 0 for others. */
  readonly #groupByFrame: WordTable;
  /** First free record by length in units; free records are linked through NEXT. */
  readonly #freeRecords: number[] = [];
  /** Words of the table in use. The first unit is left out, so that 0 is no group. */
  #wordsUsed = UNIT;

  readonly #classes: readonly SlotClass[];
  /** Class by size of the object. */
  readonly #classBySize: Uint8Array;
  readonly #slotSize: Uint16Array;
  readonly #groupFrameCount: Uint8Array;
  readonly #slotCount: Uint16Array;
  /** Where a record's slots begin, words. */
  readonly #slotsAt: Uint8Array;
  /** Lists per class: the steps of fullness, then the full groups. */
  readonly #lists: number;
  /** First group by class and list. */
  readonly #heads: Uint32Array;
  /** Lists of groups with free slots that are not empty, by class, one bit per list. */
  readonly #partial: Uint32Array;
  /** List by class and number of used slots: `#listByUse[#useBase[class] + used]`. */
  readonly #listByUse: Uint8Array;
  readonly #useBase: Uint32Array;
  readonly #groupsOfClass: Uint32Array;
  readonly #objectsOfClass: Uint32Array;
  readonly #taken = new Uint32Array(FRAMES_MAX);
  readonly #fixedBytes: number;
  // What #locate found: the object's size, its offset in its first frame, that frame, and the frame it goes on in.
  #atSize = 0;
  #atOffset = 0;
  #atFrame: Frame = NO_FRAME;
  #atNext: Frame = NO_FRAME;
  #framesHeld = 0;
  #storedBytes = 0;

  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the fixed tables */
  protected constructor(frames: PageFrames, options: SlotPoolOptions) {
    const { classes, fullnessSteps, maxSize } = options;
    const count = classes.length;
    assert(count > 0 && count <= 255, "a class number fits its field");
    assert(fullnessSteps >= 1 && fullnessSteps <= 15, "a list number fits its field");
    this.type = options.type;
    this.maxSize = maxSize;
    this.#frames = frames;
    this.#classes = classes;
    this.#lists = fullnessSteps + 1;
    this.#classBySize = new Uint8Array(maxSize + 1);
    this.#slotSize = new Uint16Array(count);
    this.#groupFrameCount = new Uint8Array(count);
    this.#slotCount = new Uint16Array(count);
    this.#slotsAt = new Uint8Array(count);
    this.#heads = new Uint32Array(count * this.#lists);
    this.#partial = new Uint32Array(count);
    this.#useBase = new Uint32Array(count);
    this.#groupsOfClass = new Uint32Array(count);
    this.#objectsOfClass = new Uint32Array(count);
    let uses = 0;
    for (const [index, { size, frames: groupFrames, slots }] of classes.entries()) {
      assert(slots >= 1 && slots < NO_SLOT, "a slot number fits its field");
      assert(FRAMES + groupFrames + slots < WORD_MASK, "a record fits a chunk");
      assert(groupFrames >= 1 && groupFrames <= FRAMES_MAX, "a group is made in one request");
      assert(slots * size <= groupFrames * PAGE_SIZE, "the slots fit the group");
      assert(size <= PAGE_SIZE, "a slot lies in at most two frames");
      this.#slotSize[index] = size;
      this.#groupFrameCount[index] = groupFrames;
      this.#slotCount[index] = slots;
      this.#slotsAt[index] = FRAMES + groupFrames;
      this.#useBase[index] = uses;
      uses += slots + 1;
    }
    this.#listByUse = new Uint8Array(uses);
    for (const [index, { slots }] of classes.entries()) {
      for (let used = 0; used <= slots; used++) {
        const list = used === slots ? fullnessSteps : Math.floor((used * fullnessSteps) / slots);
        this.#listByUse[this.#useBase[index]! + used] = list;
      }
    }
    for (let size = 1, index = 0; size <= maxSize; size++) {
      while (classes[index]!.size - classes[index]!.headerBytes < size) index++;
      this.#classBySize[size] = index;
    }
    this.#fixedBytes =
      POOL_BYTES + this.#classBySize.byteLength + this.#heads.byteLength + this.#listByUse.byteLength + count * 24;
    this.#copier = new ObjectCopier(frames);
    if (!frames.charge(this.#fixedBytes)) {
      this.#copier.release();
      throw new TierError(
        "ZPOOL_NO_MEMORY",
        `${options.type} needs ${this.#fixedBytes} bytes for its tables and the memory of ${frames.budgetBytes} bytes has no room left; give the stack more memory.`,
        { type: options.type, neededBytes: this.#fixedBytes, budgetBytes: frames.budgetBytes },
      );
    }
    this.#handles = new HandleTable(frames);
    this.#records = new WordTable(frames);
    this.#groupByFrame = new WordTable(frames);
    this.#owner = frames.register({ name: options.type, relocate: (from, to) => this.#relocate(from, to) });
  }

  malloc(size: number): Handle {
    assert(Number.isInteger(size) && size >= 1 && size <= PAGE_SIZE, "a size is 1 to PAGE_SIZE bytes");
    if (size > this.maxSize) return TOO_LARGE;
    if (!this.#handles.reserve()) return NO_HANDLE;
    const index = this.#classBySize[size]!;
    const partial = this.#partial[index]!;
    const group = partial === 0 ? this.#makeGroup(index) : this.#heads[index * this.#lists + 31 - Math.clz32(partial)]!;
    if (group === 0) return NO_HANDLE;
    const words = this.#records.chunks[group >>> GROUP_SHIFT]!;
    const base = (group << 2) & WORD_MASK;
    const head = words[base]!;
    const slot = head & NO_SLOT;
    const slotAt = base + this.#slotsAt[index]! + slot;
    words[base] = ((head & ~NO_SLOT) + USED_ONE) | (words[slotAt]! & NO_SLOT);
    const use = this.#useBase[index]! + ((head >>> 12) & 0xfff);
    const listBefore = partial === 0 ? UNLISTED : this.#listByUse[use]!;
    const listAfter = this.#listByUse[use + 1]!;
    if (listBefore !== listAfter) {
      if (listBefore !== UNLISTED) this.#unlink(group, index, listBefore);
      this.#linkTo(group, index, listAfter);
    }
    const handle = this.#handles.issue(group, slot, size);
    words[slotAt] = handle;
    this.#objectsOfClass[index]!++;
    this.#storedBytes += size;
    return handle;
  }

  free(handle: Handle): void {
    const detail = this.#handles.detail(handle);
    const group = this.#handles.place(handle);
    const size = sizeIn(detail);
    const index = this.#classBySize[size]!;
    this.#storedBytes -= size;
    this.#objectsOfClass[index]!--;
    this.#handles.retire(handle);
    const words = this.#records.chunks[group >>> GROUP_SHIFT]!;
    const base = (group << 2) & WORD_MASK;
    const head = words[base]!;
    const used = (head >>> 12) & 0xfff;
    const use = this.#useBase[index]! + used;
    const listBefore = this.#listByUse[use]!;
    if (used === 1) {
      this.#unlink(group, index, listBefore);
      this.#dissolve(group, index);
      return;
    }
    const slot = positionIn(detail);
    words[base + this.#slotsAt[index]! + slot] = FREE | (head & NO_SLOT);
    words[base] = ((head & ~NO_SLOT) - USED_ONE) | slot;
    const listAfter = this.#listByUse[use - 1]!;
    if (listBefore !== listAfter) {
      this.#unlink(group, index, listBefore);
      this.#linkTo(group, index, listAfter);
    }
  }

  write(handle: Handle, source: Uint8Array, start: number, length: number): void {
    const index = this.#locate(handle);
    assert(length >= 1 && length <= this.#atSize, "the bytes fit the object");
    this.#copier.write(source, start, length, this.#atFrame, this.#atNext, this.#atOffset, this.#slotSize[index]!);
  }

  read(handle: Handle, target: Uint8Array, start: number): number {
    this.#locate(handle);
    this.#copier.read(this.#atFrame, this.#atNext, this.#atOffset, this.#atSize, target, start);
    return this.#atSize;
  }

  readAround(handle: Handle, target: Uint8Array): number {
    this.#locate(handle);
    this.#copier.readAround(this.#atFrame, this.#atNext, target);
    return this.#atOffset;
  }

  sizeOf(handle: Handle): number {
    return sizeIn(this.#handles.detail(handle));
  }

  totalFrames(): number {
    return this.#framesHeld;
  }

  metadataBytes(): number {
    return this.#fixedBytes + this.#copier.bytes + this.#handles.bytes + this.#records.bytes + this.#groupByFrame.bytes;
  }

  groupOf(handle: Handle): Group {
    this.#handles.detail(handle); // Asserts that it is live.
    return this.#handles.place(handle) as Group;
  }

  groupHandles(group: Group, into: Uint32Array): number {
    if (!this.#isLive(group)) return 0;
    const index = this.#classOf(group);
    const slots = this.#slotWord(group, index, 0);
    let count = 0;
    for (let slot = 0; slot < this.#slotCount[index]!; slot++) {
      const word = this.#records.get(slots + slot);
      if (word >= FREE) continue;
      if (count < into.length) into[count] = word;
      count++;
    }
    return count;
  }

  groupFrames(group: Group): number {
    return this.#isLive(group) ? this.#groupFrameCount[this.#classOf(group)]! : 0;
  }

  /** Moves nothing; pools whose objects can move override it. */
  compact(_budgetFrames: number): number {
    return 0;
  }

  stats(): ZpoolStats {
    const classes: ZpoolClassStats[] = [];
    let roundingBytes = -this.#storedBytes;
    let partialBytes = 0;
    let overheadBytes = 0;
    for (const [index, { size, frames, slots, headerBytes }] of this.#classes.entries()) {
      const groups = this.#groupsOfClass[index]!;
      const objects = this.#objectsOfClass[index]!;
      roundingBytes += objects * (size - headerBytes);
      partialBytes += (groups * slots - objects) * size;
      overheadBytes += groups * (frames * PAGE_SIZE - slots * size) + objects * headerBytes;
      if (groups === 0) continue;
      classes.push({
        size,
        framesPerGroup: frames,
        objectsPerGroup: slots,
        groups,
        objects,
        fullness: this.#fullnessOf(index),
      });
    }
    return {
      frames: this.#framesHeld,
      objects: this.#handles.live,
      storedBytes: this.#storedBytes,
      roundingBytes,
      partialBytes,
      overheadBytes,
      metadataBytes: this.metadataBytes(),
      classes,
    };
  }

  verify(): void {
    let objects = 0;
    let frames = 0;
    let storedBytes = 0;
    for (const [index, { slots, frames: groupFrames }] of this.#classes.entries()) {
      let groups = 0;
      let objectsOfClass = 0;
      for (let list = 0; list < this.#lists; list++) {
        const head = this.#heads[index * this.#lists + list]!;
        const marked = (this.#partial[index]! & (1 << list)) !== 0;
        assert(marked === (head !== 0 && list < this.#lists - 1), "exactly the lists with free slots are marked");
        let previous = 0;
        for (let group = head; group !== 0; group = this.#records.get(group * UNIT + NEXT)) {
          assert(this.#records.get(group * UNIT + PREVIOUS) === previous, "a list is linked both ways");
          assert(this.#classOf(group) === index, "a group is listed in its class");
          const used = this.#usedOf(group);
          assert(used > 0, "a group without objects is dissolved");
          assert(this.#listByUse[this.#useBase[index]! + used] === list, "a group is listed by its fullness");
          storedBytes += this.#verifyGroup(group, index, used);
          previous = group;
          groups++;
          objectsOfClass += used;
        }
      }
      assert(groups === this.#groupsOfClass[index], "the groups of a class are counted");
      assert(objectsOfClass === this.#objectsOfClass[index], "the objects of a class are counted");
      assert(objectsOfClass <= groups * slots, "no class holds more objects than slots");
      objects += objectsOfClass;
      frames += groups * groupFrames;
    }
    assert(objects === this.#handles.live, "each live handle has one slot");
    assert(frames === this.#framesHeld, "each frame belongs to one group");
    assert(storedBytes === this.#storedBytes, "stored bytes are the sum of the sizes");
    let mapped = 0;
    for (let frame = 0; frame < this.#groupByFrame.capacity; frame++) {
      if (this.#groupByFrame.get(frame) !== 0) mapped++;
    }
    assert(mapped === frames, "exactly the frames held lead to a group");
    this.#handles.verify();
  }

  destroy(): void {
    for (let list = 0; list < this.#heads.length; list++) {
      const index = Math.floor(list / this.#lists);
      for (let group = this.#heads[list]!; group !== 0; group = this.#records.get(group * UNIT + NEXT)) {
        for (let chain = 0; chain < this.#groupFrameCount[index]!; chain++) {
          this.#frames.give(this.#records.get(group * UNIT + FRAMES + chain) as Frame);
        }
      }
    }
    this.#heads.fill(0);
    this.#partial.fill(0);
    this.#framesHeld = 0;
    this.#handles.release();
    this.#records.release();
    this.#groupByFrame.release();
    this.#copier.release();
    this.#frames.uncharge(this.#fixedBytes);
  }

  /** Number of classes; they are numbered by size. */
  protected get classCount(): number {
    return this.#classes.length;
  }

  /** Frames that moving objects together could free in a class: whole groups' worth of free slots. */
  protected freeableFrames(index: number): number {
    const slots = this.#slotCount[index]!;
    const free = this.#groupsOfClass[index]! * slots - this.#objectsOfClass[index]!;
    return Math.floor(free / slots) * this.#groupFrameCount[index]!;
  }

  /** Takes the newest group of the fullest step with free slots off its list. 0: none. */
  protected unlinkFullest(index: number): number {
    const partial = this.#partial[index]!;
    return partial === 0 ? 0 : this.#unlinkHead(index, 31 - Math.clz32(partial));
  }

  /** Takes the newest group of the emptiest step off its list. 0: none. */
  protected unlinkEmptiest(index: number): number {
    const partial = this.#partial[index]!;
    return partial === 0 ? 0 : this.#unlinkHead(index, 31 - Math.clz32(partial & -partial));
  }

  /**
   * Moves objects from one group to another of the same class, both off their lists, until the first is empty (it is
   * dissolved) or the second is full (both are listed again).
   *
   * @returns `target`, still off its list, when it has room for more; else 0
   */
  protected migrate(source: number, target: number, index: number): number {
    const slots = this.#slotCount[index]!;
    const slotSize = this.#slotSize[index]!;
    const words = this.#records;
    const sourceSlots = this.#slotWord(source, index, 0);
    const targetSlots = this.#slotWord(target, index, 0);
    let used = this.#usedOf(source);
    let room = slots - this.#usedOf(target);
    for (let slot = 0; used > 0 && room > 0; slot++) {
      const handle = words.get(sourceSlots + slot);
      if (handle >= FREE) continue;
      const fromAt = slot * slotSize;
      const fromWord = source * UNIT + FRAMES + (fromAt >>> PAGE_SHIFT);
      const fromOffset = fromAt & PAGE_MASK;
      const fromFrame = words.get(fromWord) as Frame;
      const fromNext = fromOffset + slotSize > PAGE_SIZE ? (words.get(fromWord + 1) as Frame) : NO_FRAME;
      const head = words.get(target * UNIT);
      const free = head & NO_SLOT;
      const after = words.get(targetSlots + free) & NO_SLOT;
      words.set(target * UNIT, (head & ~NO_SLOT) | after);
      const toAt = free * slotSize;
      const toWord = target * UNIT + FRAMES + (toAt >>> PAGE_SHIFT);
      const toOffset = toAt & PAGE_MASK;
      const toNext = toOffset + slotSize > PAGE_SIZE ? (words.get(toWord + 1) as Frame) : NO_FRAME;
      const toFrame = words.get(toWord) as Frame;
      const size = sizeIn(this.#handles.detail(handle as Handle));
      this.#copier.move(fromFrame, fromNext, fromOffset, size, toFrame, toNext, toOffset);
      words.set(targetSlots + free, handle);
      this.#handles.move(handle as Handle, target, free);
      const sourceHead = words.get(source * UNIT);
      words.set(sourceSlots + slot, FREE | (sourceHead & NO_SLOT));
      words.set(source * UNIT, (sourceHead & ~NO_SLOT) | slot);
      used--;
      room--;
    }
    this.#setUsed(source, used);
    this.#setUsed(target, slots - room);
    if (used === 0) this.#dissolve(source, index);
    else this.link(source, index);
    if (room > 0) return target;
    this.link(target, index);
    return 0;
  }

  /** Puts a group on the list of its fullness. */
  protected link(group: number, index: number): void {
    this.#linkTo(group, index, this.#listByUse[this.#useBase[index]! + this.#usedOf(group)]!);
  }

  #slotWord(group: number, index: number, slot: number): number {
    return group * UNIT + this.#slotsAt[index]! + slot;
  }

  #classOf(group: number): number {
    return this.#records.get(group * UNIT) >>> 24;
  }

  #usedOf(group: number): number {
    return (this.#records.get(group * UNIT) >>> 12) & 0xfff;
  }

  #setUsed(group: number, used: number): void {
    this.#records.set(group * UNIT, (this.#records.get(group * UNIT) & ~0xfff000) | (used << 12));
  }

  /** Only a live group's frame leads back to it; anything else at that place of the table does not. */
  #isLive(group: Group): boolean {
    if (group <= NO_GROUP || group * UNIT + FRAMES >= this.#wordsUsed) return false;
    const frame = this.#records.get(group * UNIT + FRAMES);
    return frame < this.#groupByFrame.capacity && this.#groupByFrame.get(frame) === group;
  }

  /** Finds where an object lies: sets the fields `#at…`. @returns its class */
  #locate(handle: Handle): number {
    const detail = this.#handles.detail(handle);
    const group = this.#handles.place(handle);
    const size = sizeIn(detail);
    const index = this.#classBySize[size]!;
    const at = positionIn(detail) * this.#slotSize[index]!;
    const offset = at & PAGE_MASK;
    const words = this.#records.chunks[group >>> GROUP_SHIFT]!;
    const chain = ((group << 2) & WORD_MASK) + FRAMES + (at >>> PAGE_SHIFT);
    this.#atSize = size;
    this.#atOffset = offset;
    this.#atFrame = words[chain] as Frame;
    this.#atNext = offset + size > PAGE_SIZE ? (words[chain + 1] as Frame) : NO_FRAME;
    return index;
  }

  #linkTo(group: number, index: number, list: number): void {
    const place = index * this.#lists + list;
    const next = this.#heads[place]!;
    const words = this.#records.chunks[group >>> GROUP_SHIFT]!;
    const base = (group << 2) & WORD_MASK;
    words[base + NEXT] = next;
    words[base + PREVIOUS] = 0;
    if (next !== 0) this.#records.set(next * UNIT + PREVIOUS, group);
    this.#heads[place] = group;
    if (list < this.#lists - 1) this.#partial[index]! |= 1 << list;
  }

  #unlink(group: number, index: number, list: number): void {
    const words = this.#records.chunks[group >>> GROUP_SHIFT]!;
    const base = (group << 2) & WORD_MASK;
    const next = words[base + NEXT]!;
    const previous = words[base + PREVIOUS]!;
    if (next !== 0) this.#records.set(next * UNIT + PREVIOUS, previous);
    if (previous !== 0) this.#records.set(previous * UNIT + NEXT, next);
    else {
      this.#heads[index * this.#lists + list] = next;
      if (next === 0) this.#partial[index]! &= ~(1 << list);
    }
  }

  #unlinkHead(index: number, list: number): number {
    const group = this.#heads[index * this.#lists + list]!;
    this.#unlink(group, index, list);
    return group;
  }

  /** Makes a group without objects, on no list. 0 when frames or tables cannot be had; nothing is taken then. */
  #makeGroup(index: number): number {
    const frameCount = this.#groupFrameCount[index]!;
    if (!this.#frames.takeMany("reclaim", this.#owner, frameCount, this.#taken)) return 0;
    const slots = this.#slotCount[index]!;
    const group = this.#coverFrames(frameCount) ? this.#takeRecord(FRAMES + frameCount + slots) : 0;
    if (group === 0) {
      for (let chain = 0; chain < frameCount; chain++) this.#frames.give(this.#taken[chain] as Frame);
      return 0;
    }
    const words = this.#records;
    words.set(group * UNIT, (index << 24) >>> 0);
    for (let chain = 0; chain < frameCount; chain++) {
      words.set(group * UNIT + FRAMES + chain, this.#taken[chain]!);
      this.#groupByFrame.set(this.#taken[chain]!, group);
    }
    const first = this.#slotWord(group, index, 0);
    for (let slot = 0; slot < slots; slot++) words.set(first + slot, FREE + slot + 1);
    words.set(first + slots - 1, FREE + NO_SLOT);
    this.#framesHeld += frameCount;
    this.#groupsOfClass[index]!++;
    return group;
  }

  /** Makes room in the table of frames for those just taken. */
  #coverFrames(count: number): boolean {
    let highest = 0;
    for (let chain = 0; chain < count; chain++) highest = Math.max(highest, this.#taken[chain]!);
    return highest < this.#groupByFrame.capacity || this.#groupByFrame.ensure(highest + 1);
  }

  /** Gives the frames and the record of an unlisted group back. */
  #dissolve(group: number, index: number): void {
    const frameCount = this.#groupFrameCount[index]!;
    for (let chain = 0; chain < frameCount; chain++) {
      const frame = this.#records.get(group * UNIT + FRAMES + chain);
      this.#groupByFrame.set(frame, 0);
      this.#frames.give(frame as Frame);
    }
    this.#framesHeld -= frameCount;
    this.#groupsOfClass[index]!--;
    this.#giveRecord(group, FRAMES + frameCount + this.#slotCount[index]!);
    if (this.#framesHeld === 0) this.#restart();
  }

  #takeRecord(words: number): number {
    const units = Math.ceil(words / UNIT);
    const free = this.#freeRecords[units] ?? 0;
    if (free !== 0) {
      this.#freeRecords[units] = this.#records.get(free * UNIT + NEXT);
      return free;
    }
    let start = this.#wordsUsed;
    if ((start & WORD_MASK) + units * UNIT > WORD_MASK + 1) start = (start | WORD_MASK) + 1;
    const end = start + units * UNIT;
    if (end > this.#records.capacity && !this.#records.ensure(end)) return 0;
    this.#wordsUsed = end;
    return start / UNIT;
  }

  #giveRecord(record: number, words: number): void {
    const units = Math.ceil(words / UNIT);
    this.#records.set(record * UNIT + NEXT, this.#freeRecords[units] ?? 0);
    this.#freeRecords[units] = record;
  }

  /** Without groups the tables start anew, and give back what they held for many. */
  #restart(): void {
    this.#freeRecords.length = 0;
    this.#wordsUsed = UNIT;
    this.#records.trim();
    this.#groupByFrame.trim();
  }

  /** {@link FrameOwner.relocate}: any frame can move, because objects are found through their group's record. */
  #relocate(from: Frame, to: Frame): boolean {
    if (to >= this.#groupByFrame.capacity && !this.#groupByFrame.ensure(to + 1)) return false;
    const group = this.#groupByFrame.get(from);
    assert(group !== 0, "a frame of this pool belongs to a group");
    let word = group * UNIT + FRAMES;
    while (this.#records.get(word) !== from) word++;
    this.#frames.copy(from, 0, to, 0, PAGE_SIZE);
    this.#records.set(word, to);
    this.#groupByFrame.set(from, 0);
    this.#groupByFrame.set(to, group);
    return true;
  }

  /** Groups of a class by fullness in tenths: up to 10 %, …, above 90 %, full. */
  #fullnessOf(index: number): number[] {
    const fullness = new Array<number>(11).fill(0);
    const slots = this.#slotCount[index]!;
    for (let list = 0; list < this.#lists; list++) {
      let group = this.#heads[index * this.#lists + list]!;
      for (; group !== 0; group = this.#records.get(group * UNIT + NEXT)) {
        const used = this.#usedOf(group);
        const tenth = used === slots ? 10 : Math.min(9, Math.ceil((used * 10) / slots) - 1);
        fullness[tenth]!++;
      }
    }
    return fullness;
  }

  /** @returns the sum of the sizes of the group's objects */
  #verifyGroup(group: number, index: number, used: number): number {
    for (let chain = 0; chain < this.#groupFrameCount[index]!; chain++) {
      const frame = this.#records.get(group * UNIT + FRAMES + chain);
      assert(this.#groupByFrame.get(frame) === group, "a group's frames lead back to it");
    }
    const slots = this.#slotCount[index]!;
    const first = this.#slotWord(group, index, 0);
    let storedBytes = 0;
    let live = 0;
    for (let slot = 0; slot < slots; slot++) {
      const handle = this.#records.get(first + slot);
      if (handle >= FREE) continue;
      live++;
      assert(this.#handles.isLive(handle), "a used slot names a live handle");
      const detail = this.#handles.detail(handle as Handle);
      assert(this.#handles.place(handle as Handle) === group, "a handle leads to its group");
      assert(positionIn(detail) === slot, "a handle leads to its slot");
      assert(this.#classBySize[sizeIn(detail)] === index, "an object lies in the class of its size");
      storedBytes += sizeIn(detail);
    }
    assert(live === used, "the used slots are counted");
    let free = 0;
    let slot = this.#records.get(group * UNIT) & NO_SLOT;
    for (; slot !== NO_SLOT; slot = this.#records.get(first + slot) & NO_SLOT) {
      assert(this.#records.get(first + slot) >= FREE, "the list of free slots holds free slots");
      assert(++free <= slots, "the list of free slots has an end");
    }
    assert(free + used === slots, "each slot is used or in the list of free ones");
    return storedBytes;
  }
}
