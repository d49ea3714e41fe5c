// Memory is wanted elsewhere: the stack gives it back, coldest pages first, and loses nothing.

import { createStack } from "pagetier";

/** @param log where the lines go */
export async function run(log: (line: string) => void): Promise<void> {
  await using stack = await createStack("simple", { memory: "8MiB" });
  const space = stack.space({ name: "cache", size: "6MiB" });
  for (let page = 0; page < space.pages; page++) await space.write(page, 0, Buffer.from(`entry ${page}`));
  log(`resident before: ${stack.stats().tiers[0]?.pages === space.pages ? "all" : "some"}`);

  const freed = await stack.shrink("4MiB");
  log(`at least 4 MiB given back: ${freed >= 4 * 2 ** 20}`);

  space.discard(0, 100); // what is not needed any more costs nothing in any tier
  log(`page 0 is in ${space.where(0).tier === "none" ? "no tier" : space.where(0).tier}`);
  const entry = Buffer.alloc(9);
  await space.read(100, 0, entry);
  log(`page 100 says ${JSON.stringify(entry.toString())}`);
}
