import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { type Frame, NO_FRAME, PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { ObjectCopier } from "../src/index.js";

const MARK = 0xee;

function setUp(budgetBytes = 4 << 20) {
  const frames = new PageFrames({ budgetBytes });
  const owner = frames.register({ name: "test" });
  const copier = new ObjectCopier(frames);
  const [frame, next] = [frames.take("user", owner), frames.take("user", owner)] as [Frame, Frame];
  return { frames, owner, copier, frame, next };
}

function randomBytes(seed: number, length: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length }, () => prng.below(256));
}

/** Writes into marked frames and checks every byte of both. */
function checkWrite(
  { frames, copier, frame, next }: ReturnType<typeof setUp>,
  source: Uint8Array,
  { start = 0, length, offset, room }: { start?: number; length: number; offset: number; room: number },
): void {
  const both = (): Uint8Array => Uint8Array.of(...frames.view(frame), ...frames.view(next));
  frames.view(frame).fill(MARK);
  frames.view(next).fill(MARK);
  copier.write(source, start, length, frame, next, offset, room);
  const bytes = both();
  expect(Buffer.compare(bytes.subarray(offset, offset + length), source.subarray(start, start + length))).toBe(0);
  expect(bytes.subarray(0, offset).every((byte) => byte === MARK)).toBe(true);
  expect(bytes.subarray(offset + room).every((byte) => byte === MARK)).toBe(true);
}

describe("writing", () => {
  test("stays in the object's room, whatever its place, length and source", () => {
    const subject = setUp();
    const prng = createPrng(4);
    const sources = Array.from({ length: 7 }, (_, index) => randomBytes(index, PAGE_SIZE + index));
    for (let round = 0; round < 600; round++) {
      const source = sources[prng.below(1 + (round % sources.length))]!;
      const offset = prng.below(256) * 16;
      const room = Math.min(16 * (1 + prng.below(256)), 2 * PAGE_SIZE - offset);
      const length = 1 + prng.below(Math.min(room, source.length));
      const start = round % 5 === 0 ? prng.below(source.length - length + 1) : 0;
      checkWrite(subject, source, { start, length, offset, room });
    }
  });

  test("copes with places that are no multiple of 16", () => {
    const subject = setUp();
    const source = randomBytes(1, PAGE_SIZE);
    for (let round = 0; round < 20; round++) {
      checkWrite(subject, source, { length: 1000, offset: 3000 + 8 * round, room: 1000 });
      checkWrite(subject, source, { length: 5, offset: 40 + round, room: 5 });
    }
  });

  test("does without views when the budget has no room for them", () => {
    const subject = setUp(1 << 20);
    while (subject.frames.charge(100));
    const charged = subject.frames.chargedBytes;
    const source = randomBytes(1, PAGE_SIZE);
    for (const length of [1, 100, 1111, 2222, 3333, 4096, 100, 1111, 2222]) {
      checkWrite(subject, source, { length, offset: 2048, room: PAGE_SIZE });
    }
    expect(subject.frames.chargedBytes).toBe(charged);
  });

  test("keeps views of few sources and charges them", () => {
    const { frames, copier, frame } = setUp();
    const before = copier.bytes;
    for (let index = 0; index < 50; index++) {
      const source = new Uint8Array(PAGE_SIZE);
      for (let length = 16; length < PAGE_SIZE; length += 512) {
        copier.write(source, 0, length, frame, NO_FRAME, 0, PAGE_SIZE);
      }
    }
    expect(copier.bytes).toBeGreaterThan(before);
    expect(copier.bytes).toBeLessThan(before + 5 * (6400 + 9 * 160));
    expect(frames.chargedBytes).toBe(copier.bytes);
    copier.release();
    expect(frames.chargedBytes).toBe(0);
  });

  test("does not keep huge buffers alive", () => {
    const { copier, frame } = setUp();
    const huge = new Uint8Array(2 << 20);
    const before = copier.bytes;
    for (let round = 0; round < 20; round++) copier.write(huge, 0, 1000, frame, NO_FRAME, 0, 1008);
    expect(copier.bytes - before).toBeLessThan(6400); // Views of the scratch buffer only.
  });
});

describe("reading and moving", () => {
  test("give the object and nothing else", () => {
    const { frames, owner, copier, frame, next } = setUp();
    frames.view(frame).set(randomBytes(1, PAGE_SIZE));
    frames.view(next).set(randomBytes(2, PAGE_SIZE));
    const all = Uint8Array.of(...frames.view(frame), ...frames.view(next));
    const far = Array.from({ length: 600 }, () => frames.take("user", owner)).slice(-2) as [Frame, Frame];
    const prng = createPrng(3);
    for (let round = 0; round < 300; round++) {
      const offset = prng.below(PAGE_SIZE);
      const length = 1 + prng.below(round % 3 === 0 ? 60 : Math.min(PAGE_SIZE, 2 * PAGE_SIZE - offset));
      const second = offset + length > PAGE_SIZE ? next : NO_FRAME;
      const expected = all.subarray(offset, offset + length);
      const target = new Uint8Array(length + 8).fill(MARK);
      copier.read(frame, second, offset, length, target, 3);
      expect(Buffer.compare(target.subarray(3, 3 + length), expected)).toBe(0);
      expect([...target.subarray(0, 3), ...target.subarray(3 + length)].every((byte) => byte === MARK)).toBe(true);
      const toOffset = prng.below(2 * PAGE_SIZE - length) % PAGE_SIZE;
      for (const each of far) frames.view(each).fill(MARK);
      copier.move(frame, second, offset, length, far[0], far[1], toOffset);
      const moved = Uint8Array.of(...frames.view(far[0]), ...frames.view(far[1]));
      expect(Buffer.compare(moved.subarray(toOffset, toOffset + length), expected)).toBe(0);
      expect(moved.subarray(0, toOffset).every((byte) => byte === MARK)).toBe(true);
      expect(moved.subarray(toOffset + length).every((byte) => byte === MARK)).toBe(true);
    }
  });
});
