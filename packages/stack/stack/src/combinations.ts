// Which choices go together.
//
// Every key of a recipe stands for itself; this table holds the pairs that contradict each other. Only what a recipe says
// can be wrong: a default gives way.

import { type PluginNode, TierError } from "@pagetier/base";
import type { Recipe } from "./recipe.js";

interface Contradiction {
  readonly keys: readonly [string, string];
  readonly when: (recipe: Recipe) => boolean;
  readonly why: string;
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    keys: ["reclaim.trigger", "write"],
    when: ({ reclaim, write }) => reclaim.trigger === "completion" && write === "back",
    why: "reclaim.trigger is completion, which compresses pages after they were written, and write is back; leave write out or say through",
  },
  {
    keys: ["reclaim.trigger", "frontswap"],
    when: ({ reclaim, frontswap }) => isCompressing(reclaim.trigger) && frontswap.length === 0,
    why: "reclaim.trigger says when pages enter a pool, and frontswap names no backend that has one; name one, or leave the trigger out",
  },
  {
    keys: ["write", "swap"],
    when: ({ write, swap }) => write === "through" && swap.length === 0,
    why: "write is through, and swap names no store to write to; name one, or say back",
  },
  {
    keys: ["write", "frontswap"],
    when: ({ write, frontswap }) => write === "through" && frontswap.length === 0,
    why: "write is through, and frontswap names no backend whose pages could be written through; name one, or leave write out",
  },
  {
    keys: ["reclaim.poolFull", "write"],
    when: ({ reclaim, write }) =>
      reclaim.poolFull === "drop-clean" && write !== "through" && reclaim.trigger !== "completion",
    why: "reclaim.poolFull is drop-clean, and without write: through a pool holds no clean copies; say through, or choose writeback-lru or refuse",
  },
  {
    keys: ["reclaim.poolFull", "reclaim.trigger"],
    when: ({ reclaim }) => reclaim.poolFull === "writeback-lru" && reclaim.trigger === "completion",
    why: "reclaim.trigger is completion, after which a pool holds nothing that needs writing back, and reclaim.poolFull is writeback-lru; leave one of them out",
  },
  {
    keys: ["reclaim.trigger", "swap"],
    when: ({ reclaim, swap }) => reclaim.trigger === "completion" && swap.length === 0,
    why: "reclaim.trigger is completion, which writes pages before it compresses them, and swap names no store to write to; name one, or choose hooks",
  },
  {
    keys: ["reclaim.poolFull", "swap"],
    when: ({ reclaim, swap }) => reclaim.poolFull === "writeback-lru" && swap.length === 0,
    why: "reclaim.poolFull is writeback-lru, and swap names no store to write back to; name one, or choose refuse",
  },
  {
    keys: ["swapSlots", "swap"],
    when: ({ swapSlots, frontswap, swap }) => swapSlots === "device" && swap.length === 0 && frontswap.length > 0,
    why: "swapSlots is device, so a page takes a slot of a swap store before a pool may have it, and swap names no store; name one, or say virtual",
  },
  {
    keys: ["reclaim.policy", "reclaim.engine"],
    when: ({ reclaim }) => reclaim.engine === "shrinkers" && reclaim.policy !== undefined,
    why: "reclaim.engine is shrinkers, whose lists are list-lrus, and reclaim.policy asks for another order; leave one of them out",
  },
  {
    keys: ["reclaim.engine", "reclaim.trigger"],
    when: ({ reclaim }) => reclaim.engine === "shrinkers" && reclaim.trigger === "hooks",
    why: "reclaim.engine is shrinkers, with which pages leave when a shrinker is asked, and reclaim.trigger is hooks; leave one of them out",
  },
  {
    keys: ["reclaim.seeks", "reclaim.engine"],
    when: ({ reclaim }) => reclaim.seeks !== undefined && !hasListShrinkers(reclaim),
    why: "reclaim.seeks is the cost of pages on lists that are shrinkers, and there are none; choose reclaim.engine: shrinkers or reclaim.trigger: shrinker, or leave it out",
  },
  {
    keys: ["reclaim.batch", "reclaim.engine"],
    when: ({ reclaim }) => reclaim.batch !== undefined && !hasListShrinkers(reclaim),
    why: "reclaim.batch belongs to lists that are shrinkers, and there are none; choose reclaim.engine: shrinkers or reclaim.trigger: shrinker, or leave it out",
  },
  {
    keys: ["reclaim.swappiness", "reclaim.engine"],
    when: ({ reclaim }) => reclaim.swappiness !== undefined && hasListShrinkers(reclaim),
    why: "reclaim.swappiness divides a scan between two lists, and with reclaim.engine: shrinkers or reclaim.trigger: shrinker what is scanned follows from the size and seeks of each; leave one of them out",
  },
  {
    keys: ["reclaim.poolSizing", "frontswap"],
    when: ({ reclaim, frontswap }) => reclaim.poolSizing !== undefined && frontswap.length === 0,
    why: "reclaim.poolSizing says who decides how large the pool is, and frontswap names no backend that has one; name one, or leave it out",
  },
  {
    keys: ["reclaim.poolSizing", "swap"],
    when: ({ reclaim, swap }) => sizesByWriting(reclaim.poolSizing) && swap.length === 0,
    why: "reclaim.poolSizing lets the pool shrink by writing pages back, and swap names no store to write to; name one, or choose fixed",
  },
  {
    keys: ["reclaim.poolSizing", "frontswap.shrinker"],
    when: ({ reclaim, frontswap }) =>
      (reclaim.poolSizing === "shrinker" || reclaim.poolSizing === "both") &&
      frontswap.some(({ shrinker }) => shrinker === false),
    why: "reclaim.poolSizing lets the pool's shrinker size it, and frontswap.shrinker turns that off; leave one of them out",
  },
  {
    keys: ["reclaim.poolSizing", "frontswap.shrinker"],
    when: ({ reclaim, frontswap }) =>
      (reclaim.poolSizing === "fixed" || reclaim.poolSizing === "mm") &&
      frontswap.some(({ shrinker }) => shrinker !== undefined && shrinker !== false),
    why: "reclaim.poolSizing is fixed or mm, and frontswap.shrinker lets a pool shrink under pressure; leave one of them out",
  },
  {
    keys: ["frontswap.writeback", "swap"],
    when: ({ frontswap, swap }) => frontswap.some(writesRecords) && swap.length === 0,
    why: "frontswap.writeback says in which form pages are written back, and swap names no store to write to; name one, or leave it out",
  },
  {
    keys: ["frontswap.writeback", "frontswap.writebackCompressor"],
    when: ({ frontswap }) =>
      frontswap.some(({ writeback, writebackCompressor }) => writeback === "recompressed" && !writebackCompressor),
    why: "frontswap.writeback is recompressed, which takes a stronger codec, and frontswap.writebackCompressor names none; name one, such as zstd, or say compressed",
  },
  {
    keys: ["frontswap.writebackCompressor", "frontswap.writeback"],
    when: ({ frontswap }) =>
      frontswap.some(({ writeback, writebackCompressor }) => writeback !== "recompressed" && !!writebackCompressor),
    why: "frontswap.writebackCompressor is the codec of recompressed write-back, and frontswap.writeback is something else; say recompressed, or leave the codec out",
  },
  {
    keys: ["frontswap.writeback", "reclaim.poolFull"],
    when: ({ frontswap, reclaim }) =>
      frontswap.some(
        (node) => writesRecords(node) && (node.poolFull ?? reclaim.poolFull ?? "writeback-lru") !== "writeback-lru",
      ),
    why: "frontswap.writeback says in which form pages are written back, and with reclaim.poolFull: refuse or drop-clean none ever are; leave one of them out",
  },
  {
    keys: ["frontswap.writeback", "reclaim.trigger"],
    when: ({ frontswap, reclaim }) => frontswap.some(writesRecords) && reclaim.trigger === "completion",
    why: "frontswap.writeback says in which form pages are written back, and with reclaim.trigger: completion the device has every page before the pool does; leave one of them out",
  },
  {
    keys: ["frontswap.lru", "frontswap.shrinker"],
    when: ({ frontswap }) => frontswap.some(({ lru, shrinker }) => lru === "frame" && shrinker === "protection"),
    why: "frontswap.lru is frame, as before Linux 6.5, and frontswap.shrinker is the protection of Linux 6.8, which counts entries; leave one of them out",
  },
];

/**
 * Refuses what contradicts itself.
 *
 * @param place where the recipe stands, for messages
 * @throws TierError RECIPE_CONFLICT naming both keys
 */
export function checkCombinations(recipe: Recipe, place: string): void {
  for (const { keys, when, why } of CONTRADICTIONS) {
    if (when(recipe)) throw new TierError("RECIPE_CONFLICT", `${place}: ${why}.`, { place, keys });
  }
  const names = recipe.frontswap.map(({ use }) => use);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) {
    throw new TierError(
      "RECIPE_CONFLICT",
      `${place}: frontswap[${names.indexOf(names[twice]!)}] and frontswap[${twice}] are both ${names[twice]}; a stack has a backend of each name once.`,
      { place, keys: [`frontswap[${names.indexOf(names[twice]!)}]`, `frontswap[${twice}]`] },
    );
  }
  if (recipe.cleancache.length > 1) {
    throw new TierError(
      "RECIPE_CONFLICT",
      `${place}: cleancache[0] and cleancache[1] are two backends; a stack has one, so leave the others out.`,
      { place, keys: ["cleancache[0]", "cleancache[1]"] },
    );
  }
}

/** Whether a backend writes pages back in another form than that of pages. */
export function writesRecords({ writeback }: PluginNode): boolean {
  return writeback === "compressed" || writeback === "recompressed";
}

function isCompressing(trigger: string | undefined): boolean {
  return trigger === "shrinker" || trigger === "completion";
}

/** Whether the anonymous list, or both, is behind a shrinker. */
function hasListShrinkers({ engine, trigger }: Recipe["reclaim"]): boolean {
  return engine === "shrinkers" || trigger === "shrinker";
}

function sizesByWriting(poolSizing: string | undefined): boolean {
  return poolSizing === "mm" || poolSizing === "shrinker" || poolSizing === "both";
}
