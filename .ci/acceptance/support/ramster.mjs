// RAMster under faults, for the checks that start real engines: a stack whose pages are mostly away, something that happens to the
// engines while pages are put or got, and then every page read back. A page that is read is the page that was written, or its reading
// ends in the one documented error; the scenario says how many may.

import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStack } from "../../../apps/cli/dist/index.js";
import { NO_REDIS, redisProgram } from "../../../packages/foundation/redis/dist/testing/index.js";
import { report } from "./replays.mjs";

export const PAGES = 4500;
export const FILE_PAGES = 500;
/** Fewer pages away prove nothing. */
export const AWAY_MIN = 2000;
const PAGE = 4096;
const READERS = 8;
const IN_FLIGHT = 64;
/** A pool that holds so many frames is not about to write pages to the swap store. */
const POOL_PAGES = 100;

/** Ends the check with a message, as passed, when there is no engine to start. */
export function needRedis() {
  if (redisProgram !== undefined) return;
  console.log(`skip: ${NO_REDIS}`);
  process.exit(0);
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A page that compresses to about half, and that no other page, version and file has. */
export function pageOf(page, version) {
  const bytes = new Uint8Array(PAGE);
  new DataView(bytes.buffer).setUint32(0, page);
  new DataView(bytes.buffer).setUint32(4, version);
  let state = (page * 2654435761 + version * 40503 + 1) >>> 0;
  for (let index = 8; index < PAGE / 2; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** Opens a stack, again and again while its engines do not answer: there is no fault yet, but the machine may be busy. */
async function opened(recipe, attempts = 10) {
  try {
    return await createStack(recipe);
  } catch (error) {
    if (error.code !== "REMOTE_OPEN" || attempts === 1) throw error;
    await sleep(500);
    return opened(recipe, attempts - 1);
  }
}

/** Pages of swap and of a file in one stack, and what each of them is to be. */
export class Bed {
  /** Version of each page, by its number. */
  versions = new Uint32Array(PAGES);
  fileVersions = new Uint32Array(FILE_PAGES);
  /** Most pages that other machines had at a time. */
  mostAway = 0;
  /** Pages that they had, or were being sent, at the time of a loss. */
  atStake = 0;

  static async open(remote, options) {
    const bed = new Bed();
    bed.folder = mkdtempSync(join(tmpdir(), "pagetier-ramster-"));
    const path = join(bed.folder, "file");
    const file = await open(path, "w");
    for (let page = 0; page < FILE_PAGES; page++) await file.write(pageOf(1e6 + page, 0));
    await file.close();
    bed.stack = await opened({
      memory: "3MiB",
      frontswap: {
        use: "ramster",
        remotifyStartPercent: 40,
        remotifyStopPercent: 20,
        activePagesOnly: false,
        ...options,
        remote: { use: "redis", timeoutMs: 1000, connectTimeoutMs: 2000, waitMs: 400, ...remote },
      },
      cleancache: "ramster",
      swap: [{ use: "file" }],
    });
    bed.space = bed.stack.space({ name: "pages", size: PAGES * PAGE });
    bed.file = await bed.stack.open(path);
    return bed;
  }

  counters() {
    return this.stack.stats().counters.ramster;
  }

  away() {
    const { remotePersistentPages } = this.counters();
    this.mostAway = Math.max(this.mostAway, remotePersistentPages);
    return remotePersistentPages;
  }

  /** Something is about to happen that loses pages. */
  noteStake() {
    this.atStake += this.away() + IN_FLIGHT;
  }

  /** Writes pages as a whole, at a pace that lets the others leave. */
  async write(from, to, version, onPage = () => undefined) {
    for (let page = from; page < to; page++) {
      this.versions[page] = version;
      if (version > 1) this.space.discard(page); // What was there is not wanted, whether or not it can be had.
      await this.space.write(page, 0, pageOf(page, version));
      onPage(page);
      if (page % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (page % 32 === 0) await this.#letLeave();
    }
  }

  /** Gives the pool a while to send pages away, as an application does that does something else, too. */
  async #letLeave() {
    this.away();
    for (let looks = 0; looks < 4 && this.counters().poolPages > POOL_PAGES; looks++) await sleep(2);
  }

  /** Writes pages of the file, or reads them where `version` is absent. */
  async useFile(version) {
    const into = new Uint8Array(PAGE);
    for (let page = 0; page < FILE_PAGES; page++) {
      if (version === undefined) await this.file.read(page, 0, into);
      else {
        this.fileVersions[page] = version;
        await this.file.write(page, 0, pageOf(1e6 + page, version));
      }
    }
    if (version !== undefined) await this.file.fsync();
  }

  /** Reads every page, several at a time, in an order that no reader ahead could guess. */
  async readAll(onPage = () => undefined) {
    const found = { right: 0, wrong: 0, lost: [], fileRight: 0, fileWrong: 0 };
    let next = 0;
    const reader = async () => {
      const into = new Uint8Array(PAGE);
      while (next < PAGES) {
        const page = (next++ * 4001) % PAGES;
        try {
          await this.space.read(page, 0, into);
          if (Buffer.compare(into, pageOf(page, this.versions[page])) === 0) found.right++;
          else found.wrong++;
        } catch (error) {
          if (error.code !== "FRONTSWAP_LOST") throw error;
          found.lost.push(page);
        }
        const read = found.right + found.wrong + found.lost.length;
        if (read % 64 === 0) this.away();
        onPage(read);
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    const into = new Uint8Array(PAGE);
    for (let page = 0; page < FILE_PAGES; page++) {
      await this.file.read(page, 0, into);
      if (Buffer.compare(into, pageOf(1e6 + page, this.fileVersions[page])) === 0) found.fileRight++;
      else found.fileWrong++;
    }
    return found;
  }

  async close() {
    await this.stack.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * One scenario, from an empty stack to its end.
 *
 * @param during.put happens while the last pages are written, from the `putAt`th on; `during.between` when all are, and
 *   `during.get` while they are read, from the `getAt`th on. Each is given the bed
 * @param mayLose how many pages may be lost: `(bed) => [least, most]`; default none
 */
export async function scenario(
  name,
  { remote, options = {}, during = {}, mayLose = () => [0, 0], awayMin = AWAY_MIN, afterwards },
) {
  const started = performance.now();
  const wrong = [];
  let bed;
  let put;
  let get;
  try {
    bed = await Bed.open(remote, options);
    await bed.useFile();
    await bed.write(0, PAGES, 1, (page) => {
      if (page === Math.floor(PAGES * 0.7)) put = during.put?.(bed);
    });
    await put;
    bed.away();
    await during.between?.(bed);
    const first = await bed.readAll((pages) => {
      if (pages === Math.floor(PAGES * 0.3)) get = during.get?.(bed);
    });
    await get;
    // Once more, with everything at rest: what was read before is read again, and what is lost stays lost.
    const again = await bed.readAll();
    bed.stack.verify();
    const { lostPages } = bed.counters();
    const lost = again.lost.length;
    const [least, most] = mayLose(bed);
    if (bed.mostAway < awayMin) wrong.push(`only ${bed.mostAway} pages were away`);
    for (const found of [first, again]) {
      if (found.wrong > 0) wrong.push(`${found.wrong} pages are not what was written`);
      if (found.fileWrong > 0) wrong.push(`${found.fileWrong} pages of the file are not what it holds`);
      if (found.right + found.lost.length !== PAGES) wrong.push("not every page was read");
    }
    if (lost < least || lost > most) wrong.push(`${lost} pages are lost, which should be ${least} to ${most}`);
    if (lostPages !== lost) wrong.push(`${lostPages} pages are counted as lost, and ${lost} are`);
    if (first.lost.some((page) => !again.lost.includes(page)) && !options.fetchTimeoutMs)
      wrong.push("a page was told as lost, and is there");
    // Once it is discarded, a lost page is a page like any other.
    for (const page of again.lost) {
      bed.space.discard(page);
      await bed.space.write(page, 0, pageOf(page, bed.versions[page]));
    }
    const healed = lost === 0 ? again : await bed.readAll();
    // (A page that was in memory all the time, its copy being with the engine, may be found lost only now.)
    const stillLost = healed.lost.filter((page) => again.lost.includes(page)).length;
    if (stillLost > 0 || healed.wrong > 0)
      wrong.push(`written anew, ${stillLost} pages are still lost, ${healed.wrong} wrong`);
    wrong.push(...((await afterwards?.(bed, first)) ?? []));
    bed.stack.verify();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const told = first.lost.length === lost ? `${lost} lost` : `${lost} lost (${first.lost.length} told at first)`;
    const mismatches = first.wrong + again.wrong + first.fileWrong + again.fileWrong + healed.wrong;
    report(
      `${name}: ${PAGES + FILE_PAGES} pages, ${bed.mostAway} away, ${told}, ${mismatches} mismatches, ${seconds} s`,
      wrong,
    );
  } catch (error) {
    report(name, [...wrong, String(error.stack ?? error)]);
  } finally {
    await Promise.allSettled([put, get]);
    await bed?.close();
  }
}
