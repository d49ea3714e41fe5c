import { PAGE_SIZE } from "@pagetier/base";
import { expect, test } from "vitest";
import { PageCopy } from "../src/page-copy.js";
import { pageOf } from "./rig.js";

const page = pageOf(1, 1);

function check(copy: PageCopy, offset: number, length: number): void {
  const into = new Uint8Array(length + 2).fill(0xee);
  copy.out(page, offset, into.subarray(1, length + 1));
  expect(Buffer.compare(into.subarray(1, length + 1), page.subarray(offset, offset + length))).toBe(0);
  expect([into[0], into[length + 1]]).toEqual([0xee, 0xee]);
}

test("copies every length at both ends of a page", () => {
  const copy = new PageCopy();
  for (let length = 0; length <= PAGE_SIZE; length += length < 80 || length > 4020 ? 1 : 37) {
    for (const offset of new Set([0, PAGE_SIZE - length])) check(copy, offset, length);
  }
});

test("copies from every offset, with lengths around the edge between loop and scratch", () => {
  const copy = new PageCopy();
  for (const length of [1, 47, 48, 49, 512]) {
    for (let offset = 0; offset <= PAGE_SIZE - length; offset += 13) check(copy, offset, length);
  }
});
