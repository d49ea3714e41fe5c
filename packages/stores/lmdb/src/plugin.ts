import { resolve } from "node:path";
import { type PluginNode, TierError } from "@pagetier/base";
import { STORE_CONTRACT, type StorePlugin, slotsOfSize } from "@pagetier/store";
import { z } from "zod";
import { LmdbStore, type LmdbStoreOptions } from "./lmdb-store.js";

const options = z.strictObject({
  path: z.string().min(1).optional(),
  size: z
    .union([z.string(), z.number()])
    .default("auto")
    .superRefine((size, context) => {
      try {
        slotsOfSize(size);
      } catch (error) {
        if (!TierError.is(error)) throw error;
        context.addIssue({ code: "custom", message: error.message, input: size });
      }
    }),
});

export const plugin: StorePlugin<LmdbStoreOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "lmdb",
  summary: "Keeps pages in an LMDB database: each write is a transaction, each page has a checksum.",
  options,
  create: (parts, settings) =>
    new LmdbStore(
      settings.path === undefined ? settings : { ...settings, path: resolve(parts.directory, settings.path) },
    ),
};

/** The recipe node of an {@link LmdbStore}. */
export function lmdbStore(settings: LmdbStoreOptions = {}): PluginNode {
  return { use: "lmdb", ...settings };
}
