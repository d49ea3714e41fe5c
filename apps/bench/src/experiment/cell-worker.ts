// A thread that runs one cell after another.

import { parentPort } from "node:worker_threads";
import type { Cell } from "./experiment.js";
import { runCell } from "./run-cell.js";
import type { WorkerAnswer } from "./run-cells.js";

const port = parentPort!;
port.on("message", async (cell: Cell) => {
  let answer: WorkerAnswer;
  try {
    answer = { result: await runCell(cell) };
  } catch (error) {
    answer = { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(answer);
});
