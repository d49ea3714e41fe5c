// The main job on bundled input: three stacks on the same trace, the same pages and the same memory.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const trace = "data/programs.u32.gz";
const pages = "data/node-heap.pages.gz";
const memory = "40MiB";

console.log(`
Twelve programs want 77 MiB of memory and get 40. Three ways to live with that:

  none    plain swapping: cold pages go to a file
  simple  cold pages are compressed first, with the simplest parts there are (kmalloc, lz4js)
  zswap   the same with a dense allocator and a fast codec (zsmalloc, lz4), as Linux does it

$ npx pagetier compare none simple zswap --trace ${trace} --pages ${pages} --memory ${memory}
`);

const args = ["compare", "none", "simple", "zswap", "--trace", trace, "--pages", pages, "--memory", memory];
const { status } = spawnSync(process.execPath, ["apps/cli/bin/pagetier.mjs", ...args, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

console.log(`
Every page that was read back was compared with what had been written. What to type next:

  npx pagetier pool --pages ${pages}            what each allocator and compressor makes of these pages
  npx pagetier run ./recipes/zswap.yaml --trace ${trace} --pages ${pages} --memory 24MiB
                                                          change one line of a copy of that recipe, and run again
  npx pagetier plugins                                    what can be put where
  npx pagetier run --help                                 your own traces and pages
`);
