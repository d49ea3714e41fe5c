import { type PluginNode, TierError } from "@pagetier/base";
import { STORE_CONTRACT, type StorePlugin, slotsOfSize } from "@pagetier/store";
import { z } from "zod";
import { MemoryStore, type MemoryStoreOptions } from "./memory-store.js";

const options = z.strictObject({
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

export const plugin: StorePlugin<MemoryStoreOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "memory",
  summary: "Keeps pages in this process's memory: for tests, and as the fastest store in a comparison.",
  options,
  create: (_parts, settings) => new MemoryStore(settings),
};

/** The recipe node of a {@link MemoryStore}. */
export function memoryStore(settings: MemoryStoreOptions = {}): PluginNode {
  return { use: "memory", ...settings };
}
