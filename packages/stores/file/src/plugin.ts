import { resolve } from "node:path";
import { type PluginNode, TierError } from "@pagetier/base";
import { STORE_CONTRACT, type StorePlugin } from "@pagetier/store";
import { z } from "zod";
import { FileStore, type FileStoreOptions } from "./file-store.js";

const options = z
  .strictObject({
    path: z.string().min(1).optional(),
    size: z.union([z.string(), z.number()]).default("auto"),
    preallocate: z.boolean().default(false),
    checksums: z.boolean().optional(),
  })
  .superRefine((settings, context) => {
    try {
      new FileStore(settings); // Touches no file before it is opened.
    } catch (error) {
      if (!TierError.is(error)) throw error;
      const path = [error.code === "BAD_SIZE" ? "size" : "preallocate"];
      context.addIssue({ code: "custom", message: error.message, path });
    }
  });

export const plugin: StorePlugin<FileStoreOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "file",
  summary: "Keeps pages in one sparse file: a private temporary one, or a named one that survives.",
  options,
  create: (parts, settings) =>
    new FileStore(
      settings.path === undefined ? settings : { ...settings, path: resolve(parts.directory, settings.path) },
    ),
};

/** The recipe node of a {@link FileStore}. */
export function fileStore(settings: FileStoreOptions = {}): PluginNode {
  return { use: "file", ...settings };
}
