// A process with a file store, for tests of what happens between processes. It runs on the built package.
//   node store.mjs hold PATH    writes slots 0..99, flushes, says "holding", writes on until it is killed
//   node store.mjs fill PATH    writes slots 0..499 in calls of 8 and prints the codes, then reads back what went well
//   node store.mjs open PATH    opens and closes, and prints the error's code and message
// PATH "-" means a temporary file.
import { FileStore } from "@pagetier/store-file";

const [task, path] = process.argv.slice(2);
const store = new FileStore(path === "-" ? {} : { path });
const pageOf = (slot) => new Uint8Array(4096).fill(slot % 251 || 1);

if (task === "open") {
  try {
    await store.open();
    console.log(JSON.stringify({ opened: true }));
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, message: error.message }));
  }
  await store.close();
} else if (task === "hold") {
  await store.open();
  for (let slot = 0; slot < 100; slot++) await store.writePages([slot], [pageOf(slot)]);
  await store.flush();
  console.log("holding");
  for (let slot = 100; ; slot = slot === 199 ? 100 : slot + 1) await store.writePages([slot], [pageOf(slot)]);
} else if (task === "fill") {
  await store.open();
  const codes = {};
  const good = [];
  for (let first = 0; first < 500; first += 8) {
    const slots = Array.from({ length: 8 }, (_, index) => first + index);
    const statuses = await store.writePages(slots, slots.map(pageOf));
    statuses.forEach((status, index) => {
      codes[status?.code ?? "good"] = (codes[status?.code ?? "good"] ?? 0) + 1;
      if (status === undefined) good.push(slots[index]);
    });
  }
  const pages = good.map(() => new Uint8Array(4096));
  await store.readPages(good, pages);
  const equal = pages.every((page, index) => page.every((byte) => byte === pageOf(good[index])[0]));
  console.log(JSON.stringify({ codes, equal }));
  await store.close();
}
