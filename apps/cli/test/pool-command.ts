import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PoolResult } from "../src/measure-pool.js";

const BIN = fileURLToPath(new URL("../bin/pagetier.mjs", import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly output: string;
  readonly messages: string;
}

/** Runs the command as a user would. */
export function pagetier(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [BIN, ...args], { maxBuffer: 2 ** 26 }, (_error, output, messages) => {
      if (child.exitCode === null) reject(new Error(`pagetier ${args.join(" ")} was killed\n${messages}`));
      else resolve({ status: child.exitCode, output, messages });
    });
  });
}

/** The rows of a `pool --json` that has to succeed. */
export async function poolResults<Result = PoolResult>(...args: readonly string[]): Promise<Result[]> {
  const { status, output, messages } = await pagetier("pool", ...args, "--json");
  if (status !== 0) throw new Error(`pagetier pool ended with ${status}\n${messages}`);
  return (JSON.parse(output) as { results: Result[] }).results;
}
