// A thousand whole stacks, every legal combination of choices among them, agree with a map of pages while their stores fail and
// several callers are at work. `node scripts/model.mjs --seeds 1 --from SEED` runs one again.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/model.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [script, "--seeds", "1000"], { stdio: "inherit" });
process.exitCode = status === 0 ? 0 : 1;
