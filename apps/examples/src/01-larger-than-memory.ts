// Sixteen times more data than memory: cold pages are compressed, the coldest go to a file, and all of them read back.

import { createStack } from "pagetier";

/** @param log where the lines go */
export async function run(log: (line: string) => void): Promise<void> {
  // example:begin
  const stack = await createStack("zswap", { memory: "4MiB" }); // resident pages and the pool: one budget
  const space = stack.space({ name: "index", size: "64MiB" });
  for (let page = 0; page < space.pages; page++) {
    await space.write(page, 128, Buffer.from(`record ${page}`)); // always completes
  }

  const record = Buffer.alloc(9);
  if (!space.readNow(42, 128, record)) await space.read(42, 128, record); // memory first, then wait
  log(`page 42 says ${JSON.stringify(record.toString())} and is ${space.where(42).tier} now`);

  for (const tier of stack.stats().tiers) if (tier.pages > 0) log(`${tier.name} holds pages`);
  await stack.close();
  // example:end
}
