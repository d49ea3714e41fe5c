import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { TierError } from "@pagetier/base";

/** node:zlib of 22.15, 23.8 and later. */
type ZlibWithZstd = typeof zlib & { createZstdCompress?: () => Transform };

/**
 * A file in the making. It is written under the name `<path>.part`, packed at the end if its name asks for it, and has
 * its own name only when it is whole.
 */
export class Output {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #packer: (() => Transform) | undefined;
  #length = 0;
  #ended = false;

  private constructor(path: string, file: FileHandle, packer: (() => Transform) | undefined) {
    this.#path = path;
    this.#file = file;
    this.#packer = packer;
  }

  /** @throws TierError TRACE_WRITE; TRACE_FORMAT when the name asks for a packing that is not there */
  static async create(path: string): Promise<Output> {
    const packer = packerOf(path);
    try {
      return new Output(path, await open(`${path}.part`, "w+"), packer);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** The file's bytes, before they are packed: for those who have to change what they wrote. */
  get file(): FileHandle {
    return this.#file;
  }

  /** Bytes written, before they are packed. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes, which may change as soon as the promise is kept. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#length);
        at += bytesWritten;
        this.#length += bytesWritten;
      }
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Packs the file if its name asks for it, and gives it its name. @returns its length in bytes */
  async close(): Promise<number> {
    const part = `${this.#path}.part`;
    try {
      await this.#file.close();
      if (this.#packer !== undefined) {
        const packed = `${this.#path}.packed.part`;
        try {
          await pipeline(createReadStream(part, { highWaterMark: 1 << 18 }), this.#packer(), createWriteStream(packed));
          await rename(packed, part);
        } catch (error) {
          await rm(packed, { force: true });
          throw error;
        }
      }
      await rename(part, this.#path);
      this.#ended = true;
      return (await stat(this.#path)).size;
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Leaves nothing behind. Does nothing after {@link close}. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file.close().catch(() => undefined);
    await rm(`${this.#path}.part`, { force: true });
  }
}

function packerOf(path: string): (() => Transform) | undefined {
  if (/\.gz$/i.test(path)) return () => zlib.createGzip({ level: 6 });
  if (!/\.zst$/i.test(path)) return undefined;
  const { createZstdCompress }: ZlibWithZstd = zlib;
  if (createZstdCompress !== undefined) return createZstdCompress;
  throw new TierError(
    "TRACE_FORMAT",
    `The trace ${path} would be packed with zstd, which this Node (${process.version}) cannot; write .gz, or pack it with the zstd command.`,
    { path },
  );
}

function writeError(path: string, cause: unknown): TierError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return new TierError(
    "TRACE_WRITE",
    `The trace ${path} cannot be written (${code}); check its folder, its permissions and the room on its disk.`,
    { path, code },
    { cause },
  );
}
