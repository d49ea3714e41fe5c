// A thread that runs one cell after another.

import { parentPort } from "node:worker_threads";
import type { Cell, CellResult } from "./experiment.js";
import { runCell } from "./run-cell.js";
import type { WorkerAnswer } from "./run-cells.js";

const port = parentPort!;
port.on("message", async (cell: Cell) => {
  port.postMessage({ result: await resultOf(cell) } satisfies WorkerAnswer);
});

/** A cell that breaks is a result too: hours of others are not lost with it. */
async function resultOf(cell: Cell): Promise<CellResult> {
  try {
    return await runCell(cell);
  } catch (cause) {
    const { experiment, workload, contender, environment, seed } = cell;
    const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    const { name, role } = contender;
    return {
      experiment,
      workload: workload.name,
      contender: name,
      role,
      environment,
      seed,
      metrics: {},
      poolFrames: [],
      error,
    };
  }
}
