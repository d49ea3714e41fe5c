import type { PluginNode } from "@pagetier/base";
import { STORE_CONTRACT, type StorePlugin } from "@pagetier/store";
import { z } from "zod";
import { __Name__Store } from "./__name__-store.js";

const options = z.strictObject({ slots: z.int().min(1).default(65536) });

export const plugin: StorePlugin<z.output<typeof options>> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "__name__",
  summary: "Keeps pages in a map.",
  options,
  create: (_parts, { slots }) => new __Name__Store(slots),
};

/** Names it in a recipe. */
export function __camel__Store(settings: z.input<typeof options> = {}): PluginNode {
  return { use: "__name__", ...settings };
}
