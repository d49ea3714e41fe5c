// Cells on all processors. A cell is one thread's work from beginning to end, and depends on nothing but itself.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Cell, CellResult } from "./experiment.js";

const WORKER = new URL("./cell-worker.js", import.meta.url);

/** What a worker answers. */
export interface WorkerAnswer {
  readonly result: CellResult;
}

export interface RunCellsOptions {
  /** Threads; default one per processor. */
  readonly jobs?: number | undefined;
  readonly onResult?: ((done: number, total: number) => void) | undefined;
}

/**
 * Runs cells.
 *
 * @returns results in the order of the cells
 * @throws Error when a worker dies; the others are stopped. What breaks in a cell is its result
 */
export async function runCells(cells: readonly Cell[], options: RunCellsOptions = {}): Promise<CellResult[]> {
  const results = new Array<CellResult>(cells.length);
  const queue = byWorkload(cells);
  const jobs = Math.min(queue.length, options.jobs ?? availableParallelism());
  let done = 0;
  const workers: Worker[] = [];
  const work = async (): Promise<void> => {
    const worker = new Worker(WORKER);
    workers.push(worker);
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      results[index] = await ask(worker, cells[index]!);
      options.onResult?.(++done, cells.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}

/** Indexes of cells, those of one workload together: a worker keeps the one it has read. */
function byWorkload(cells: readonly Cell[]): number[] {
  const groups = new Map<string, number[]>();
  for (const [index, { workload }] of cells.entries()) {
    const key = JSON.stringify(workload);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return [...groups.values()].flat();
}

function ask(worker: Worker, cell: Cell): Promise<CellResult> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      end();
    };
    const onMessage = ({ result }: WorkerAnswer): void => settle(() => resolve(result));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a worker ended with status ${code}`)));
    worker.once("message", onMessage);
    worker.once("error", onError);
    worker.once("exit", onExit);
    worker.postMessage(cell);
  });
}
