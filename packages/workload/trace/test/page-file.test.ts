import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { openPages, type PageFileOptions } from "../src/index.js";
import { scratchFolder, sharedFolder, u32Bytes } from "./files.js";
import * as samples from "./samples.js";

const file = scratchFolder();

function somePages(pages: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: pages * 4096 }, (_, index) => (index * 7) ^ (index >> 8)));
}

async function failure(path: string, options?: PageFileOptions): Promise<TierError> {
  const error: unknown = await openPages(path, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TierError.is(error)) throw new Error(`expected a TierError, got ${String(error)}`);
  expect(error.message).toContain(path);
  return error;
}

test("holds the pages of a plain or compressed file", async () => {
  const bytes = somePages(300);
  for (const path of [file("a.pages", bytes), file("b.pages.gz", gzipSync(bytes, { level: 1 }))]) {
    const pages = await openPages(path);
    expect(pages.pages).toBe(300);
    expect(Buffer.compare(pages.bytes, bytes)).toBe(0);
  }
});

test("may be cut to its first pages, in which case the rest is not looked at", async () => {
  const bytes = somePages(3);
  const pages = await openPages(file("odd.pages", bytes.subarray(0, 2 * 4096 + 5)), { limit: 2 });
  expect(pages.pages).toBe(2);
  expect(Buffer.compare(pages.bytes, bytes.subarray(0, 2 * 4096))).toBe(0);
});

describe("a page file that cannot be used", () => {
  test("of odd length names the length and what is left", async () => {
    const error = await failure(file("left.pages", somePages(2).subarray(0, 5001)));
    expect(error.code).toBe("PAGES_LENGTH");
    expect(error.message).toMatch(/holds 5001 bytes, which is 1 pages of 4096 bytes and 905 bytes more/);
    expect(error.context).toMatchObject({ bytes: 5001, left: 905 });
  });

  test("that is a trace by its name asks whether the two were swapped", async () => {
    const error = await failure(file("trace.u32.gz", gzipSync(u32Bytes([[1, 0]]))));
    expect(error.code).toBe("PAGES_FORMAT");
    expect(error.message).toMatch(/did you swap --trace and --pages\?$/);
  });

  test("that is missing, a directory, empty, cut, or too large", async () => {
    expect((await failure("/nowhere/x.pages")).code).toBe("PAGES_OPEN");
    expect((await failure(dirname(file("x", "x")))).message).toMatch(/is a directory/);
    expect((await failure(file("empty.pages", ""))).code).toBe("PAGES_EMPTY");
    expect((await failure(file("empty.pages.zst", samples.NOTHING))).code).toBe("PAGES_EMPTY");
    const packed = gzipSync(somePages(8));
    expect((await failure(file("cut.pages.gz", packed.subarray(0, packed.length - 100)))).code).toBe("PAGES_CORRUPT");
    expect((await failure(file("long.pages", somePages(4)), { bytesMax: 3 * 4096 })).code).toBe("PAGES_TOO_LARGE");
    expect((await openPages(file("long.pages", somePages(4)), { bytesMax: 3 * 4096, limit: 3 })).pages).toBe(3);
  });

  test("that lies about its length takes no more memory than it needs", async () => {
    const packed = gzipSync(somePages(1));
    packed.writeUInt32LE(0xfffff000, packed.length - 4); // The trailer is checked by the decoder, but only at the end.
    expect((await failure(file("lie.pages.gz", packed), { bytesMax: 2 ** 22 })).code).toBe("PAGES_CORRUPT");
  });
});

const shared = sharedFolder();
test.skipIf(shared === undefined)("a corpus has its stated sum (needs the full page files)", async () => {
  const { bytes, pages } = await openPages(`${shared}corpora/text-files.pages.zst`);
  expect(pages).toBe(8190);
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(
    "72aad60667949969497ab997ef19e9b7a9f1f7f4f45ed5c2fe5a1a6d3bd9237e",
  );
});
