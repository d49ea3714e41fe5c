// How a certain kernel accounts for a page whose compressed length is known: what it puts into the allocator, what it
// keeps raw, what it refuses. With these rules and the same lengths, pools have the kernel's sizes.
//
// Sources: Linux 6.1 mm/zswap.c and drivers/block/zram, 6.18 drivers/block/zram/zram_drv.c.

import type { Zpool } from "@pagetier/allocator";
import { HANDLE_BYTES, isHuge, sizeClasses, ZSMALLOC_OPTIONS } from "@pagetier/allocator-zsmalloc";
import { PAGE_SIZE, type PluginNode } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";
import { CommandError, EXIT_WRONG } from "./exit.js";
import { LinuxZ3foldPool } from "./linux-z3fold.js";
import { DOES_NOT_FIT } from "./pool-lengths.js";

/** Rules by which lengths become objects, for one allocator. */
export interface PoolRules {
  /** Bytes in front of each object, which the allocator sees as part of it. */
  readonly headerBytes: number;
  /** From this length on a page is kept raw, as PAGE_SIZE bytes. */
  readonly rawFrom: number;
  /** Whether a page is refused whose compressed bytes do not fit a page; otherwise it is kept raw. */
  readonly refusesUnfit: boolean;
}

/** What our own zswap does: no header (the entry knows its key), raw when nothing is gained. */
export const OUR_RULES: PoolRules = { headerBytes: 0, rawFrom: PAGE_SIZE, refusesUnfit: false };

/** A kernel's way of keeping compressed pages. */
export interface KernelProfile {
  readonly name: string;
  /** Allocators that this kernel could use, with the options that make ours count as its own did. */
  readonly allocators: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  rules(node: PluginNode): PoolRules;
  /** Allocators that differ from ours in more than options: made in their place. */
  readonly pools?: Readonly<Record<string, (frames: PageFrames) => Zpool>>;
}

/** The swap entry in front of a zpage, by which write-back in an evictable pool finds the page's key. */
const ZSWAP_HEADER_BYTES = 8;

const PROFILES: readonly KernelProfile[] = [
  {
    name: "zswap-6.1",
    allocators: { zbud: {}, zsmalloc: { chainPages: 4, classes: "kernel-6.1" }, z3fold: {} },
    rules: ({ use }) => ({
      // Not for zsmalloc, which could not write back in 6.1.
      headerBytes: use === "zsmalloc" ? 0 : ZSWAP_HEADER_BYTES,
      // Nothing is kept raw: what the compressor gives goes to the allocator, which may find it too large.
      rawFrom: Number.POSITIVE_INFINITY,
      refusesUnfit: true,
    }),
    pools: { z3fold: (frames) => new LinuxZ3foldPool(frames, { cpus: 1 }) },
  },
  {
    name: "zram-6.18",
    allocators: { zsmalloc: { chainPages: 8, classes: "kernel-6.18" } },
    rules: (node) => ({ headerBytes: 0, rawFrom: hugeFrom(node), refusesUnfit: false }),
  },
];

/** Names for `--as`. */
export const PROFILE_NAMES: readonly string[] = PROFILES.map(({ name }) => name);

/** @throws CommandError when there is no such profile */
export function findProfile(name: string): KernelProfile {
  const profile = PROFILES.find((each) => each.name === name);
  if (profile !== undefined) return profile;
  throw new CommandError(EXIT_WRONG, `There is no kernel ${name} for --as; write ${PROFILE_NAMES.join(" or ")}.`);
}

/**
 * Completes a node with the options that the kernel used. What the user wrote stays: 6.18 can be built with other chains.
 *
 * @throws CommandError when that kernel could not use the allocator
 */
export function nodeAs(profile: KernelProfile, node: PluginNode): PluginNode {
  const options = profile.allocators[node.use];
  if (options !== undefined) return { ...options, ...node };
  const known = Object.keys(profile.allocators).join(", ");
  throw new CommandError(
    EXIT_WRONG,
    `${profile.name} has no allocator ${node.use}, only ${known}; leave out --as to compare it by our own accounting.`,
  );
}

/** Whether a recorded length stands for a page that is kept raw by these rules. */
export function isKeptRaw(length: number, rules: PoolRules): boolean {
  return length === DOES_NOT_FIT ? !rules.refusesUnfit : length >= rules.rawFrom;
}

/** The first object size that gets a frame for itself. @see Linux mm/zsmalloc.c, zs_huge_class_size() */
function hugeFrom({ use: _, ...options }: PluginNode): number {
  const { chainPages, classes } = ZSMALLOC_OPTIONS.parse(options);
  const largest = sizeClasses(chainPages, classes).findLast((sizeClass) => !isHuge(sizeClass));
  return (largest?.size ?? 0) - HANDLE_BYTES + 1;
}
