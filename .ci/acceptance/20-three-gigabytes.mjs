// 3 GiB of data in 64 MiB: arc-P3 whole, through zswap and without it. Nothing is wrong with any page, and the process
// itself stays small: invariant 3 of the design.

import { brokenIdentities } from "../../apps/cli/test/report-identities.mjs";
import { corpus, finish, needSharedData, pagetier, report, trace } from "./support/replays.mjs";
import { sideBySide } from "./support/side-by-side.mjs";

const MiB = 2 ** 20;
/**
 * What the process may grow by beside the budget and the addressing tables. It covers what is not the stack's: the
 * replayer's tables (12 bytes a page for hashes and versions, 9 MiB here), V8's young generation and code, what the
 * garbage collector has not yet given back of promises and I/O requests, and libuv's threads. Seen: 30 to 59 MiB for
 * the whole trace, 2 to 13 MiB for its first tenth, which has a third of the pages.
 */
const CONSTANT_BYTES = 96 * MiB;

needSharedData();
await sideBySide(["zswap", "none"], async (preset) => {
  const inputs = ["--trace", trace("arc-P3"), "--pages", corpus("node-heap"), "--memory", "64MiB"];
  const { wrong, document, seconds, highestBytes } = await pagetier(["run", preset, ...inputs]);
  if (document === undefined) {
    report(`arc-P3 at 64MiB, ${preset}`, wrong);
    return;
  }
  wrong.push(...brokenIdentities(document));
  const { budgetBytes, addressingBytes, rssStartBytes, rssPeakBytes } = document.memory;
  const allowed = budgetBytes + addressingBytes + CONSTANT_BYTES;
  for (const [who, peak] of [
    ["the process saw", rssPeakBytes],
    ["the system saw", highestBytes],
  ]) {
    const grown = peak - rssStartBytes;
    if (grown > allowed) {
      wrong.push(`${who} it grow by ${inMiB(grown)}; budget, addressing and constant allow ${inMiB(allowed)}`);
    }
  }
  report(
    `arc-P3 at 64MiB, ${preset}: ${inMiB(document.uniquePages * 4096)} of data, grown by ${inMiB(rssPeakBytes - rssStartBytes)} ` +
      `as the process saw it and ${inMiB(highestBytes - rssStartBytes)} as the system saw it, of ${inMiB(allowed)} ` +
      `(${inMiB(budgetBytes)} budget, ${inMiB(addressingBytes)} addressing) (${seconds.toFixed(1)} s)`,
    wrong,
  );
});
finish();

function inMiB(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
