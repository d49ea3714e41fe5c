import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { TierError } from "@pagetier/base";
import { presets, suggestion } from "@pagetier/stack";
import type { Command } from "commander";
import { preparing } from "../exit.js";
import { note } from "../terminal.js";

const FILE_DEFAULT = "./pagetier.yaml";
const PRESET_DEFAULT = "zswap";

/** What a recipe may say beside what the preset does, to be uncommented. README of `@pagetier/stack` says more. */
const OTHER_KEYS = `
# Everything else that a recipe may say. A plugin is written by its name, or as \`use: NAME\` with its options under it;
# \`pagetier plugins\` lists them, \`pagetier plugins NAME\` an option's type, default and range.
#
# frontswap:                 # who takes dirty anonymous pages before they go to a store
# cleancache:                # who takes clean pages of files before they are dropped
# reclaim:
#   engine: classic          # or shrinkers: page lists are shrinkers, and nothing else reclaims
#   trigger: hooks           # or shrinker, or completion: when a page enters a pool
#   policy: two-list         # which page leaves next
#   poolFull: writeback-lru  # or refuse, or drop-clean: what a full pool does
#   poolSizing: fixed        # or mm, shrinker, both: who decides how large the pool is
#   swappiness: 60           # preference of anonymous pages over pages of files, 0 to 200
# write: back                # or through: what a pool takes is written to the store as well
# swapSlots: device          # or virtual: a place on a device is taken only when something is written
# pageCluster: 3             # most pages of a store that are read at once, as a power of two; 0: only what is wanted
# swap:                      # where pages go that no pool keeps; the highest priority first
#   - use: delay             # a filter: a store in front of the \`next\` one
#     readUs: 80
#     next: { use: file, path: ./swap.img, size: 1GiB }
#     priority: 0
# background:
#   kswapdStepPages: 32      # pages that the background reclaimer gives up before it lets others run
#   kswapdStepMs: 2          # and the time after which it does so in any case
#   dirtyExpireMs: 30000     # pages of files that have been dirty for so long are written back
#   dirtyWritebackMs: 5000   # and how often that is looked at; 0: never
#   inFlightPagesMax: 256    # pages under write-out at one time
`;

export function addInit(program: Command): void {
  program
    .command("init")
    .description("write a recipe with comments, to be changed and run")
    .argument("[file]", "where it goes: a name that ends in .yaml", FILE_DEFAULT)
    .option("--preset <name>", "preset to start from", PRESET_DEFAULT)
    .option("--force", "replace a file that is there")
    .action((file: string, flags: { readonly preset: string; readonly force?: boolean }) =>
      preparing(async () => {
        if (![".yaml", ".yml"].includes(extname(file))) {
          throw new TierError("INIT_PLACE", `The recipe's file is ${file}; write a name that ends in .yaml.`, { file });
        }
        const text = `${await presetText(flags.preset)}${OTHER_KEYS}`;
        await writeRecipe(file, text, flags.force === true);
        const path = file.includes("/") ? file : `./${file}`;
        note(`Wrote ${path}. Next: pagetier run ${path} --trace FILE --pages FILE`);
      }),
    );
}

/** @throws TierError RECIPE_NOT_FOUND */
async function presetText(name: string): Promise<string> {
  const known = await presets();
  const preset = known.find((each) => each.name === name);
  if (preset !== undefined) return preset.text;
  const names = known.map((each) => each.name);
  const hint = suggestion(name, names);
  throw new TierError("RECIPE_NOT_FOUND", `There is no preset ${name}; ${hint}${hint.endsWith("?") ? "" : "."}`, {
    name,
  });
}

/** @throws TierError INIT_EXISTS, INIT_PLACE */
async function writeRecipe(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    if (code === "EEXIST") {
      throw new TierError(
        "INIT_EXISTS",
        `${file} is there already; name another file, or replace it with --force.`,
        { file },
        { cause },
      );
    }
    throw new TierError("INIT_PLACE", `${file} cannot be written (${code}); name another place.`, { file }, { cause });
  }
}
