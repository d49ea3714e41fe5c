// Files as streams of bytes.
//
// A trace or page file may be plain, gzip or zstd; which one is told by its first bytes, not by its name. Plain files
// are read into one buffer that is used again and again, compressed ones are decoded as they stream, so memory does not
// depend on the length of the file. Where Node has no zstd of its own (before 22.15), a decoder in JavaScript takes its
// place.

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { TierError } from "@pagetier/base";
import {
  type Compression,
  corruptError,
  errorCode,
  type InputSubject,
  openError,
  readError,
  subjectName,
} from "./input-error.js";
import { skippableFrameBytes, zstdContentBytes, zstdDecode, zstdFrameKind } from "./zstd-stream.js";

const READ_BYTES = 1 << 18;

/** A file that can be read from its first byte to its last, as often as needed. */
export interface Input {
  readonly path: string;
  readonly subject: InputSubject;
  readonly compression: Compression;
  /** Bytes of the file as it is stored. */
  readonly fileBytes: number;
  /**
   * Bytes after decompression, as far as the file itself says: exact for plain files, the header's word for zstd (one
   * frame), the trailer's for gzip (modulo 4 GiB). `undefined`: not said.
   */
  readonly contentBytes: number | undefined;
  /** Bytes of the file that the last reading has taken. */
  readonly bytesRead: number;
  /**
   * Reads the (decompressed) bytes. A chunk is valid until the next one is asked for.
   *
   * @throws TierError `TRACE_OPEN`/`PAGES_OPEN`, `TRACE_CORRUPT`/`PAGES_CORRUPT`
   */
  chunks(): AsyncGenerator<Uint8Array, unknown, undefined>;
}

/**
 * Opens a file, looks at how it is packed, and closes it again until its bytes are asked for.
 *
 * @throws TierError `TRACE_OPEN`/`PAGES_OPEN`: missing, a directory, no permission, not a regular file;
 *   `TRACE_EMPTY`/`PAGES_EMPTY`: no byte in it
 */
export async function openInput(path: string, subject: InputSubject): Promise<Input> {
  const handle = await openFile(path, subject);
  try {
    const status = await handle.stat();
    if (status.isDirectory()) throw openError(path, subject, "is a directory; name a file in it");
    if (!status.isFile()) throw openError(path, subject, "is not a regular file; save it to a file first");
    if (status.size === 0) {
      throw new TierError(
        errorCode(subject, "EMPTY"),
        `The ${subjectName(subject)} ${path} is empty (0 bytes); make or fetch it again.`,
        { path, bytes: 0 },
      );
    }
    const head = new Uint8Array(18);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    refuseOtherPacking(path, subject, head.subarray(0, bytesRead));
    const compression = compressionOf(head.subarray(0, bytesRead));
    let contentBytes: number | undefined = status.size;
    if (compression === "zstd") contentBytes = zstdContentBytes(head.subarray(0, bytesRead));
    else if (compression === "gzip") contentBytes = await gzipContentBytes(handle, status.size);
    return new FileInput(path, subject, compression, status.size, contentBytes);
  } catch (error) {
    throw TierError.is(error) ? error : readError(path, subject, error);
  } finally {
    await handle.close();
  }
}

class FileInput implements Input {
  bytesRead = 0;

  constructor(
    readonly path: string,
    readonly subject: InputSubject,
    readonly compression: Compression,
    readonly fileBytes: number,
    readonly contentBytes: number | undefined,
  ) {}

  chunks(): AsyncGenerator<Uint8Array, unknown, undefined> {
    this.bytesRead = 0;
    if (this.compression === "none") return readPlain(this);
    if (this.compression === "gzip") return readThrough(this, zlib.createGunzip(), 0);
    const withZstd: ZlibWithZstd = zlib;
    return withZstd.createZstdDecompress === undefined
      ? zstdDecode(readPlain(this), this)
      : readZstdFrames(this, withZstd.createZstdDecompress);
  }
}

/** node:zlib of 22.15, 23.8 and later. */
type ZlibWithZstd = typeof zlib & { createZstdDecompress?: () => Transform };

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return "gzip";
  return zstdFrameKind(head) === undefined ? "none" : "zstd";
}

/** How files begin that are packed in ways that Node does not unpack, and what unpacks them. */
const OTHER_PACKINGS = [
  { name: "xz", begin: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], suffix: /\.xz$/i, command: "xz -dk" },
  { name: "bzip2", begin: [0x42, 0x5a, 0x68], suffix: /\.bz2$/i, command: "bunzip2 -k" },
  { name: "zip", begin: [0x50, 0x4b, 0x03, 0x04], suffix: /\.zip$/i, command: "unzip" },
];

/** Page files may begin with any bytes, so there the name has to say it too. */
function refuseOtherPacking(path: string, subject: InputSubject, head: Uint8Array): void {
  const packing = OTHER_PACKINGS.find(
    ({ begin, suffix }) =>
      begin.every((byte, index) => head[index] === byte) && (subject === "trace" || suffix.test(path)),
  );
  if (packing === undefined) return;
  throw new TierError(
    errorCode(subject, "FORMAT"),
    `The ${subjectName(subject)} ${path} is packed with ${packing.name}, which is not unpacked here; ` +
      `unpack it first (${packing.command} ${path}).`,
    { path, packing: packing.name },
  );
}

async function gzipContentBytes(handle: FileHandle, fileBytes: number): Promise<number | undefined> {
  if (fileBytes < 20) return undefined;
  const tail = Buffer.alloc(4);
  await handle.read(tail, 0, 4, fileBytes - 4);
  return tail.readUInt32LE(0);
}

async function* readPlain(input: FileInput): AsyncGenerator<Uint8Array, void, undefined> {
  const { path, subject } = input;
  const handle = await openFile(path, subject);
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return;
      input.bytesRead += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw TierError.is(error) ? error : readError(path, subject, error);
  } finally {
    await handle.close();
  }
}

/**
 * Streams a file through a decompressor of node:zlib, from byte `start`. Leaving the loop early closes the file.
 *
 * @returns the bytes of the file that the decompressor took
 */
async function* readThrough(
  input: FileInput,
  decoder: Transform,
  start: number,
): AsyncGenerator<Uint8Array, number, undefined> {
  const source = createReadStream(input.path, { highWaterMark: READ_BYTES, start });
  let sourceFailed = false;
  source.once("error", () => {
    sourceFailed = true;
  });
  pipeline(source, decoder, () => undefined); // Failures reach the loop below through the decoder.
  try {
    for await (const chunk of decoder) {
      input.bytesRead = start + consumedBytes(decoder);
      yield chunk;
    }
  } catch (error) {
    if (sourceFailed) throw readError(input.path, input.subject, error);
    const what = isTruncation(error) ? "ends too early" : "is damaged";
    throw corruptError(input, start + consumedBytes(decoder), what, error);
  }
  return consumedBytes(decoder);
}

/**
 * Decodes all frames of a zstd file with node:zlib, whose decoder ends with the first frame and ignores the rest of the
 * file: each frame gets a decoder of its own, and skippable ones are stepped over here.
 */
async function* readZstdFrames(
  input: FileInput,
  createDecoder: () => Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = new Uint8Array(8);
  for (let at = 0; at < input.fileBytes; ) {
    const length = await readHead(input, head, at);
    const kind = zstdFrameKind(head.subarray(0, length));
    if (kind === "content") at += yield* readThrough(input, createDecoder(), at);
    else if (kind === "skippable") at += skippableFrameBytes(head);
    else throw corruptError(input, at, length < head.length ? "ends too early" : "is damaged");
    if (at > input.fileBytes) throw corruptError(input, input.fileBytes, "ends too early");
  }
}

async function readHead(input: Input, head: Uint8Array, position: number): Promise<number> {
  const handle = await openFile(input.path, input.subject);
  try {
    return (await handle.read(head, 0, head.length, position)).bytesRead;
  } catch (error) {
    throw readError(input.path, input.subject, error);
  } finally {
    await handle.close();
  }
}

function consumedBytes(decoder: Transform): number {
  return "bytesWritten" in decoder && typeof decoder.bytesWritten === "number" ? decoder.bytesWritten : 0;
}

function isTruncation(error: unknown): boolean {
  return error instanceof Error && /unexpected end|truncat|incomplete|src size/i.test(error.message);
}

async function openFile(path: string, subject: InputSubject): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw readError(path, subject, error);
  }
}
