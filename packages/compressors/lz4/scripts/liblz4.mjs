// Calls the system's liblz4 through python3 (scripts/liblz4.py), where both are there.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("liblz4.py", import.meta.url));

/**
 * Sends all `records` through liblz4.
 *
 * @param {"fast" | "hc" | "decompress"} mode
 * @param {Uint8Array[]} records
 * @returns {Uint8Array[] | undefined} one answer per record, empty where liblz4 refused; `undefined` without liblz4
 */
export function liblz4(mode, records) {
  const input = Buffer.concat(
    records.flatMap((record) => {
      const header = Buffer.alloc(4);
      header.writeUInt32LE(record.length);
      return [header, record];
    }),
  );
  const { status, stdout } = spawnSync("python3", [SCRIPT, mode], { input, maxBuffer: 2 ** 28 });
  if (status !== 0) return undefined;
  const answers = [];
  for (let at = 0; at < stdout.length; ) {
    const length = stdout.readUInt32LE(at);
    answers.push(new Uint8Array(stdout.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return answers;
}
