import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { PAGE_SIZE, type PluginNode, parseSize, TierError } from "@pagetier/base";
import type { NodeInput } from "./recipe.js";

/** A file to open through the page cache: a path, or any store. */
export type FileInput =
  | {
      readonly path: string;
      /** Bytes that the file has; default what it has on disk. What is not there reads as zeroes and comes to be when it is written. */
      readonly size?: string | number;
      /** For statistics and messages; default the path. */
      readonly name?: string;
    }
  | {
      /** A store as recipes write it, the space's alone. */
      readonly store: NodeInput;
      readonly size: string | number;
      /** For statistics and messages; default the store's name. */
      readonly name?: string;
    };

/** What {@link FileInput} comes to. */
export interface FileToOpen {
  readonly name: string;
  readonly size: number;
  readonly node: PluginNode;
}

/**
 * Completes what was said of a file.
 *
 * @param directory folder against which a relative path resolves
 * @throws TierError BAD_SIZE when the size is none, or was left out for a file that is not there; STORE_OPEN when the file
 *   ends within a page
 */
export async function fileOf(input: string | FileInput, directory: string): Promise<FileToOpen> {
  const file = typeof input === "string" ? { path: input } : input;
  if ("store" in file) {
    const node = typeof file.store === "string" ? { use: file.store } : file.store;
    const name = file.name ?? node.use;
    return { name, size: parseSize(file.size, `size of file ${name}`), node };
  }
  const path = resolve(directory, file.path);
  const name = file.name ?? file.path;
  const bytes = await bytesOf(path);
  if (bytes % PAGE_SIZE !== 0) {
    throw new TierError(
      "STORE_OPEN",
      `file ${path} has ${bytes} bytes, which is no whole number of pages; extend it to ${Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE}.`,
      { path, bytes },
    );
  }
  if (file.size === undefined && bytes === 0) {
    throw new TierError("BAD_SIZE", `file ${path} is empty or not there; say what size it should have.`, { path });
  }
  const size = file.size === undefined ? bytes : parseSize(file.size, `size of file ${name}`);
  return { name, size, node: { use: "file", path } };
}

/** Bytes of a file; 0 when there is none. What else is wrong with it, the store says when it opens it. */
async function bytesOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : 0;
  } catch {
    return 0;
  }
}
