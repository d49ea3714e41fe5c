// docs/answers.md as a whole: the method, then question by question.

import { TierError } from "@pagetier/base";
import type { CellResult } from "../experiment/experiment.js";
import { Results } from "../experiment/results.js";
import { type BenchResult, readResult } from "../result-file.js";
import { type Answered, answerOf } from "./answers.js";
import { frontierOf } from "./frontier.js";
import { pictureOf } from "./picture.js";
import { QUESTIONS } from "./questions.js";

const HEAD = `# The mail thread, question by question

Dave Chinner and Dan Magenheimer disagreed in 2013 about how compressed memory should be managed. Each of their questions is an
experiment here. This page is made of a result and of nothing else:

\`\`\`sh
npx pagetier-bench run thread --json thread.json
node scripts/answers.mjs thread.json
\`\`\`

## How it was measured

- **Virtual time.** Every run is a discrete-event simulation of the very code that runs in real time
  ([virtual-time.md](virtual-time.md)): costs of work come from a measured file, devices are models with queues. The same seed gives
  the same numbers on any machine.
- **Equal memory.** Everything that a contender holds (pages, pool, tables, buffers) fits the same budget, a share of the measured
  working set: the distinct pages of the measured slice.
- **A place** is a workload, a share of memory and a device, written \`programs, 0.7, nvme\`. One thing at a time differs from the first
  place. The application thinks 1 µs between accesses, or what is stated. Accesses before the slice warm memory up and do not count.
- **Seeds** choose what pages hold and how long the application thinks; each table says how many there were. Differences are paired by
  seed; intervals are 95 % by the bootstrap, and as coarse as seeds are few. A difference counts when its interval leaves out 0 and it is 2 % or more.
- **Time lost to memory** is the time beyond that which the same accesses take with memory for everything: stalls, faults, codec
  work in the way.
- **In every table** stand a floor and a ceiling: plain swap, a pool with a codec that does not compress, victims as Belady would choose
  them (of the contender in the first row, with MM's timing), and memory for everything.
- **Workloads:** *programs* is the bundled trace of twelve real programs with real heap pages. The others draw pages by Zipf's law, with
  the same real pages: *stable* keeps its hot set, *shifting* changes it, *noisy* has a third of pages that do not compress, *young* frees
  pages, many of them soon, *files* and *mixture* belong to a file, all or by half, *large* has lists of more than 16,384 pages, part of them of a file where stated.
- **Every byte that came back was compared** with what had been written, in every run.

What this cannot show: contention for processors and caches, the file system, several applications at once. Synthetic workloads
are a statement about themselves.
`;

/** The documents by their names in docs/. @throws TierError BENCH_RESULT */
export function answersDocument(paths: readonly string[]): Record<string, string> {
  const results = paths.map(readResult);
  const answered = answeredOf(results.flatMap((result, index) => cellsOf(result, paths[index]!)));
  const files: Record<string, string> = {};
  const sections = answered.map((each) => {
    const { number, frontier } = each.question;
    const picture = `answers/${number}.svg`;
    files[picture] = pictureOf(each);
    if (frontier === undefined) return answerOf(each, { picture });
    const path = `answers/${number}-frontier.svg`;
    files[path] = frontierOf(each, frontier);
    return answerOf(each, { picture, frontier: path });
  });
  const commands = [...new Set(results.map(({ environment }) => `\`${environment.command}\``))].join(", ");
  const { cpu, node } = results[0]!.environment;
  const made = `Made of the output of ${commands} (Node ${node}, ${cpu}).`;
  return { "answers.md": `${[HEAD.trim(), made, ...sections].join("\n\n")}\n`, ...files };
}

function cellsOf({ results }: BenchResult, path: string): readonly CellResult[] {
  const cells = results.find(({ suite }) => suite === "thread")?.cells;
  if (cells !== undefined) return cells;
  throw new TierError(
    "BENCH_RESULT",
    `The result ${path} has no suite thread; make one with: pagetier-bench run thread --json ${path}.`,
    { path },
  );
}

function answeredOf(cells: readonly CellResult[]): Answered[] {
  return QUESTIONS.map((question) => ({
    question,
    results: new Results(cells.filter(({ experiment }) => experiment === question.experiment.name)),
  })).filter(({ results: found }) => found.places.length > 0);
}
