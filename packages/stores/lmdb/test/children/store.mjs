// A process with a database, killed by a test while it writes. It runs on the built package.
//   node store.mjs PATH    says "flushed N" whenever every page up to N has been flushed, and goes on until it is killed
import { LmdbStore } from "@pagetier/store-lmdb";

const store = new LmdbStore({ path: process.argv[2] });
await store.open();
const pageOf = (slot) => new Uint8Array(4096).fill(1 + (slot % 250));
for (let first = 0; ; first += 8) {
  const slots = Array.from({ length: 8 }, (_, index) => first + index);
  const statuses = await store.writePages(slots, slots.map(pageOf));
  if (statuses.some((status) => status !== undefined)) throw statuses.find((status) => status !== undefined);
  await store.flush();
  console.log(`flushed ${first + 7}`);
}
