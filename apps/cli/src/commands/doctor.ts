import { formatSize } from "@pagetier/base";
import Table from "cli-table3";
import type { Command } from "commander";
import { type Diagnosis, diagnose } from "../diagnosis.js";
import { CommandError, EXIT_FAILED } from "../exit.js";
import { count, print, printJson } from "../terminal.js";

export function addDoctor(program: Command, signal: AbortSignal): void {
  program
    .command("doctor")
    .description("say which codecs load here, how fast each is, and what memory there is")
    .option("--json", "print one JSON document on standard output")
    .action(async (flags: { readonly json?: boolean }) => {
      const diagnosis = await diagnose(signal);
      if (flags.json) printJson(diagnosis);
      else for (const part of describe(diagnosis)) print(part);
      const wrong = diagnosis.codecs.filter(({ mismatches }) => mismatches > 0);
      if (wrong.length > 0) {
        throw new CommandError(EXIT_FAILED, `${wrong.map(({ name }) => name).join(", ")} did not restore every page.`);
      }
    });
}

function describe(diagnosis: Diagnosis): string[] {
  const { memory } = diagnosis;
  const limits = [
    memory.cgroupMaxBytes === null ? "no limit by cgroup" : `cgroup limit ${formatSize(memory.cgroupMaxBytes)}`,
    `JavaScript heap limit ${formatSize(memory.heapLimitBytes)}`,
  ];
  const table = new Table({
    head: ["codec", "engine", "ratio", "in MB/s", "× memcpy", "out MB/s", "× memcpy", ""],
    colAligns: ["left", "left", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const codec of diagnosis.codecs) {
    if (codec.problem !== null) {
      table.push([codec.name, "", "", "", "", "", "", { content: "does not load" }]);
      continue;
    }
    table.push([
      codec.name,
      codec.engine ?? "",
      codec.ratio.toFixed(2),
      count(codec.compressMBps),
      codec.compressToMemcpy.toFixed(3),
      count(codec.decompressMBps),
      codec.decompressToMemcpy.toFixed(3),
      codec.mismatches === 0 ? "works" : `${count(codec.mismatches)} pages WRONG`,
    ]);
  }
  return [
    `Node.js ${diagnosis.node} on ${diagnosis.platform} (${diagnosis.arch}), ${diagnosis.cpus} × ${diagnosis.cpu}`,
    `WebAssembly: ${diagnosis.webAssembly ? "available" : "not available; lz4 runs in JavaScript"}`,
    `zstd: ${ZSTD_SENTENCES[diagnosis.zstd]}`,
    `Memory: ${formatSize(memory.totalBytes)}, ${formatSize(memory.freeBytes)} free; ${limits.join("; ")}`,
    `Memory pressure (PSI): ${memory.pressure ? "reported by the kernel" : "not reported"}`,
    `\nCodecs on ${count(diagnosis.pages.pages)} pages (${diagnosis.pages.source}), MB per CPU second; copying them takes ${count(diagnosis.memcpyMBps)} MB/s:`,
    table.toString(),
    ...diagnosis.codecs.filter(({ problem }) => problem !== null).map(({ name, problem }) => `${name}: ${problem}`),
  ];
}

const ZSTD_SENTENCES: Readonly<Record<Diagnosis["zstd"], string>> = {
  node: "in node:zlib",
  wasm: "by WebAssembly (node:zlib has it from Node.js 22.15)",
  none: "not available",
};
