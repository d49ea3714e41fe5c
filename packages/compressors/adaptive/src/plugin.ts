import { PAGE_SIZE, type PluginNode } from "@pagetier/base";
import { CODEC_CHOOSER_CONTRACT, type CodecChooserPlugin, type Compressor } from "@pagetier/compressor";
import { z } from "zod";
import { AdaptiveChooser } from "./adaptive-chooser.js";
import { ADAPTIVE_OPTIONS_DEFAULT, type AdaptiveOptions } from "./options.js";
import { SAMPLE_BYTES } from "./page-sample.js";

const { strongAboveBytes, stepBytes, rawFromValues, rememberPages, retryAfterPages } = ADAPTIVE_OPTIONS_DEFAULT;

/** What a recipe may say of adaptive, beside its codecs. */
export const ADAPTIVE_SCHEMA: z.ZodType<AdaptiveOptions> = z.strictObject({
  strongAboveBytes: z.int().min(0).max(PAGE_SIZE).default(strongAboveBytes),
  stepBytes: z.int().min(1).max(PAGE_SIZE).default(stepBytes),
  rawFromValues: z
    .int()
    .min(1)
    .max(SAMPLE_BYTES + 1)
    .default(rawFromValues),
  rememberPages: z.int().min(0).max(65536).default(rememberPages),
  retryAfterPages: z
    .int()
    .min(1)
    .max(2 ** 31)
    .default(retryAfterPages),
});

/** The codecs at adaptive's positions. */
export interface AdaptiveParts {
  readonly fast: Compressor;
  readonly strong: Compressor;
}

export const plugin: CodecChooserPlugin<AdaptiveParts, AdaptiveOptions> = {
  family: "chooser",
  contract: CODEC_CHOOSER_CONTRACT,
  name: "adaptive",
  summary: "Decides page by page between raw, a fast codec and a strong one; remembers what does not compress.",
  options: ADAPTIVE_SCHEMA,
  positions: {
    fast: { family: "compressor", default: "lz4" },
    strong: { family: "compressor", default: "zstd" },
  },
  create: ({ fast, strong }, options) => new AdaptiveChooser(fast, strong, options),
};

/** What the factory takes: any option, and the two codecs by name or node. */
export interface AdaptiveNodeOptions extends Partial<AdaptiveOptions> {
  readonly fast?: string | PluginNode;
  readonly strong?: string | PluginNode;
}

/** The recipe node of adaptive. */
export function adaptive(options: AdaptiveNodeOptions = {}): PluginNode {
  return { use: "adaptive", ...options };
}
