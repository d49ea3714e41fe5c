// How fast traces are read, apart from what is done with them: requests per second of CPU, from uncompressed files that
// the operating system has in its cache, so that a disk has no say.
//
// Every format holds the same requests. A reading decodes each one and numbers its key in order of appearance, which is
// what `run` and `policy` ask for; how much of that is numbering is shown beside, with few objects and with many.
//
// Nobody collects garbage between readings. A reader leaves little; but with the last decoder of a format its hidden class
// goes, and with that what was compiled for it, so that a third of a second of each reading would be compiling it again:
// as long as a million requests take, and nothing beside the hundred millions that traces have.

import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "@pagetier/base";
import { openTrace, parseTraceFormat, type TraceOptions } from "@pagetier/trace";
import { type Row, rowOf, type Suite } from "../suite.js";
import { type FileMaker, MAKERS, requestsOf } from "./reader-files.js";

const OBJECTS = 100_000;
const MANY_OBJECTS = 2_000_000;
const REQUESTS_DEFAULT = 1_000_000;
/** Rounds are long, and differ little. */
const ROUNDS_MAX = 5;

interface Part {
  readonly name: string;
  readonly path: string;
  readonly options: TraceOptions;
  readonly times: number[];
}

/** @param requests that every file holds */
export function readersSuite(requests: number): Suite {
  return {
    name: "readers",
    summary: `requests per CPU second of reading traces: ${requests} requests, zipf, for ${OBJECTS} objects`,
    async run({ rounds }) {
      const folder = mkdtempSync(join(tmpdir(), "pagetier-readers-"));
      try {
        const parts: Part[] = [];
        for (const maker of MAKERS) parts.push(await partOf(maker, folder, OBJECTS, requests));
        const [first] = parts;
        parts.push({
          ...first!,
          name: "u32, keys not numbered",
          options: { ...first!.options, numbered: false },
          times: [],
        });
        const many = await partOf(MAKERS[0]!, folder, MANY_OBJECTS, requests);
        parts.push({ ...many, name: `u32, ${MANY_OBJECTS} objects` });
        for (let round = -1; round < Math.min(rounds, ROUNDS_MAX); round++) {
          for (const part of parts) {
            const time = await readingUs(part, requests);
            if (round >= 0) part.times.push(time); // The first round warms up.
          }
        }
        return parts.map((part) => rowFor(part, requests));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const readers: Suite = readersSuite(REQUESTS_DEFAULT);

function rowFor({ name, times }: Part, requests: number): Row {
  return rowOf(
    name,
    "M requests/s",
    times.map((time) => requests / time),
  );
}

async function partOf(maker: FileMaker, folder: string, objects: number, requests: number): Promise<Part> {
  const path = join(folder, `${objects}.${maker.name}`);
  const file = await open(path, "w");
  try {
    await file.writeFile(maker.head());
    let first = 0;
    for await (const { keys, writes, length } of requestsOf(objects, requests)) {
      await file.writeFile(maker.requests(keys, writes, length, first));
      first += length;
    }
  } finally {
    await file.close();
  }
  const name = `${maker.name} (${maker.isText ? "text" : "binary"})`;
  return { name, path, options: { format: parseTraceFormat(maker.name) }, times: [] };
}

/** CPU microseconds of one reading. */
async function readingUs({ name, path, options }: Part, requests: number): Promise<number> {
  const trace = await openTrace(path, options);
  const start = process.cpuUsage();
  let read = 0;
  for await (const batch of trace) read += batch.length;
  const { user, system } = process.cpuUsage(start);
  // A run of accesses to one page is one request of lackey's.
  assert(read === requests || name.startsWith("lackey"), "every request was read");
  return user + system;
}
