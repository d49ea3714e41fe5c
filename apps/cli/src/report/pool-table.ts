import { formatSize, PAGE_SIZE } from "@pagetier/base";
import Table from "cli-table3";
import type { PoolResult } from "../measure-pool.js";
import { count, terminalColumns } from "../terminal.js";

interface Column {
  readonly head: string;
  readonly align: "left" | "right";
  cell(result: PoolResult): string;
  /** Left out when it has nothing to say for any row. */
  isIdle?(result: PoolResult): boolean;
}

const COLUMNS: readonly Column[] = [
  { head: "codec", align: "left", cell: ({ compressor }) => lines(compressor) },
  { head: "allocator", align: "left", cell: ({ allocator }) => lines(allocator) },
  { head: "zpages", align: "right", cell: (result) => formatSize(result.compressedBytes + result.rawBytes) },
  { head: "pool", align: "right", cell: ({ poolPages }) => formatSize(poolPages * PAGE_SIZE) },
  { head: "tables", align: "right", cell: ({ metadataBytes }) => formatSize(metadataBytes) },
  { head: "ratio", align: "right", cell: ratio },
  { head: "stored", align: "right", cell: ({ storedPages }) => count(storedPages) },
  {
    head: "raw",
    align: "right",
    cell: ({ incompressiblePages }) => count(incompressiblePages),
    isIdle: ({ incompressiblePages }) => incompressiblePages === 0,
  },
  {
    head: "same",
    align: "right",
    cell: ({ sameFilledPages }) => count(sameFilledPages),
    isIdle: ({ sameFilledPages }) => sameFilledPages === 0,
  },
  {
    head: "refused",
    align: "right",
    cell: ({ rejectedPages }) => count(rejectedPages),
    isIdle: ({ rejectedPages }) => rejectedPages === 0,
  },
  { head: "in\nMB/s", align: "right", cell: ({ storeMBps }) => count(storeMBps) },
  { head: "out\nMB/s", align: "right", cell: ({ loadMBps }) => count(loadMBps) },
];

/** What a narrow terminal goes without, in this order; the document of `--json` has it all. */
const LEAVING = ["tables", "same", "raw", "refused", "stored", "zpages", "pool"];

/** One line per allocator and compressor, within the columns of the terminal as far as that is possible. */
export function poolTable(results: readonly PoolResult[], width = terminalColumns()): string {
  let columns = COLUMNS.filter(({ isIdle }) => isIdle === undefined || !results.every(isIdle));
  const wide = draw(columns, results, "  ");
  if (columnsOf(wide) <= width) return wide;
  const gone: string[] = [];
  let text = draw(columns, results, " ");
  for (const head of LEAVING) {
    if (columnsOf(text) <= width) break;
    if (!columns.some((column) => column.head === head)) continue;
    columns = columns.filter((column) => column.head !== head);
    gone.push(head);
    text = draw(columns, results, " ");
  }
  return gone.length === 0 ? text : `${text}\nLeft out for want of room: ${gone.join(", ")}.`;
}

function draw(columns: readonly Column[], results: readonly PoolResult[], gap: string): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align),
    chars: { ...NO_LINES, middle: gap },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  for (const result of results) table.push(columns.map(({ cell }) => cell(result)));
  return table.toString().replaceAll(/ +$/gm, "");
}

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
};

/** Bytes of stored pages for each byte held, tables included. */
function ratio({ storedPages, poolBytes }: PoolResult): string {
  return ((storedPages * PAGE_SIZE) / poolBytes).toFixed(2);
}

/** A name with its options below it. */
function lines(name: string): string {
  return name.replaceAll(":", "\n ");
}

function columnsOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}
