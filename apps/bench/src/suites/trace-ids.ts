import { openTrace } from "@pagetier/trace";

/** The requests of a trace as dense numbers, in order, and how many different ones there are. */
export async function idsOf(path: string): Promise<{ ids: Uint32Array; objects: number }> {
  const trace = await openTrace(path);
  const batches: Uint32Array[] = [];
  for await (const { pages, length } of trace) batches.push(pages.slice(0, length));
  const ids = new Uint32Array(batches.reduce((sum, batch) => sum + batch.length, 0));
  let at = 0;
  for (const batch of batches) {
    ids.set(batch, at);
    at += batch.length;
  }
  return { ids, objects: trace.keys.count };
}
