import { readFileSync } from "node:fs";
import { formatSize, parsePercent, parseSize, realScheduler } from "@pagetier/base";
import {
  type ClientPages,
  LENDER_SCHEMA,
  Lender,
  type LenderLook,
  type LenderOptions,
  LinuxMemory,
} from "@pagetier/remote-redis/lender";
import { type Command, Option } from "commander";
import { CommandError, EXIT_INTERRUPTED, EXIT_WRONG, preparing } from "../exit.js";
import { count, print } from "../terminal.js";

interface LendFlags {
  readonly redis: string;
  readonly memory: string;
  readonly keepFree: string;
  readonly interval: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly proc: string;
  readonly json?: boolean;
}

/** Flags by the options that they set. */
const FLAGS: Readonly<Record<string, string>> = {
  url: "--redis",
  memoryBytes: "--memory",
  keepFreeBytes: "--keep-free",
  intervalMs: "--interval",
  passwordFile: "--password-file",
  username: "--username",
  tls: "--tls-…",
};

const HELP = `
Runs beside a Redis or Valkey that holds other machines' pages (recipes with frontswap: ramster), until Ctrl-C. The engine's
maxmemory follows what this machine can do without; its policy becomes volatile-lru, so that pages that may be dropped go
first and pages that must be kept never do. With --json each look is one line of JSON.`;

export function addLend(program: Command, signal: AbortSignal): void {
  program
    .command("lend")
    .description("lend this machine's memory to others through its Redis, as much as it can do without")
    .requiredOption(
      "--redis <url>",
      "the engine of this machine: redis://[user:password@]host[:port], rediss:// for TLS",
    )
    .requiredOption("--memory <size>", "most memory to lend: 2GiB")
    .option("--keep-free <size|percent>", "memory that this machine is to have available for itself", "10%")
    .option("--interval <ms>", "milliseconds between two looks", "2000")
    .option(
      "--username <name>",
      "user at the engine, allowed CONFIG SET, INFO, EVAL_RO, SCAN, OBJECT, PTTL, STRLEN and MEMORY",
    )
    .option("--password-file <file>", "file that holds the password")
    .option("--tls-ca <file>", "who signed the engine's certificate, in PEM")
    .option("--tls-cert <file>", "our own certificate, in PEM")
    .option("--tls-key <file>", "its key, in PEM")
    .addOption(new Option("--proc <folder>", "where this machine's /proc is, seen from a container").default("/proc"))
    .option("--json", "print a JSON document for each look, one a line")
    .addHelpText("after", HELP)
    .action(async (flags: LendFlags) => {
      const memory = new LinuxMemory(readText, flags.proc);
      const options = await preparing(() => optionsOf(flags, memory.totalBytes()));
      const lender = await preparing(
        () => new Lender(options, { scheduler: realScheduler, directory: process.cwd(), memory }),
      );
      const tell = flags.json ? tellJson(lender) : tellPeople(lender, options);
      let last = await lender.open();
      tell(last);
      try {
        await lender.run(
          () => signal.aborted,
          (look) => {
            last = look;
            tell(look);
          },
        );
      } finally {
        lender.close();
      }
      throw new CommandError(
        EXIT_INTERRUPTED,
        `Interrupted; the engine keeps its limit of ${formatSize(last.limitBytes)}.`,
      );
    });
}

/** @throws TierError BAD_SIZE, BAD_PERCENT; CommandError */
function optionsOf(flags: LendFlags, totalBytes: number | undefined): LenderOptions {
  const tls = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey };
  const isPercent = flags.keepFree.trim().endsWith("%");
  const keepFreeBytes = isPercent
    ? Math.floor(((totalBytes ?? 0) * parsePercent(flags.keepFree, "--keep-free")) / 100)
    : parseSize(flags.keepFree, "--keep-free");
  const { success, data, error } = LENDER_SCHEMA.safeParse({
    url: flags.redis,
    memoryBytes: parseSize(flags.memory, "--memory"),
    keepFreeBytes,
    intervalMs: Number(flags.interval),
    ...(flags.username === undefined ? {} : { username: flags.username }),
    ...(flags.passwordFile === undefined ? {} : { passwordFile: flags.passwordFile }),
    ...(Object.values(tls).some((file) => file !== undefined) ? { tls } : {}),
  });
  if (success) return data;
  const { path, message } = error.issues[0]!;
  throw new CommandError(EXIT_WRONG, `${FLAGS[String(path[0])] ?? path.join(".")}: ${message}.`);
}

function tellJson(lender: Lender): (look: LenderLook) => void {
  return ({ availableBytes = null, stallShare = null, ...look }) => {
    const clients = look.counted ? { clients: Object.fromEntries(lender.clients) } : {};
    const time = new Date().toISOString();
    print(JSON.stringify({ time, ...look, availableBytes, stallShare, ...clients, counters: lender.counters() }));
  };
}

/** Says what is new, and nothing while all stays as it is. */
function tellPeople(lender: Lender, { memoryBytes }: LenderOptions): (look: LenderLook) => void {
  let saidBefore = "";
  let clientsBefore = "";
  return (look) => {
    const said = `${look.state} ${look.limitBytes}`;
    if (said !== saidBefore) print(`${new Date().toISOString()} ${sentence(look, memoryBytes)}`);
    saidBefore = said;
    if (!look.counted) return;
    const clients = [...lender.clients].map(([name, pages]) => clientText(name, pages)).join("\n");
    if (clients !== clientsBefore) print(clients === "" ? "  no pages any more" : clients);
    clientsBefore = clients;
  };
}

function sentence(look: LenderLook, memoryBytes: number): string {
  if (look.state === "away") return `away: ${look.problem}`;
  const { limitBytes, wantedBytes, usedBytes, keptBytes, keptKeys, volatileKeys, availableBytes, stallShare } = look;
  const machine = [
    availableBytes === undefined
      ? "nothing tells what the machine has left"
      : `machine has ${formatSize(availableBytes)}`,
    ...(stallShare === undefined ? [] : [`stalls ${(stallShare * 100).toFixed(1)} %`]),
  ];
  const engine = `${formatSize(usedBytes)} used; ${pagesText(keptKeys)} must be kept, ${count(volatileKeys)} may go`;
  const limit =
    look.state === "overcommitted"
      ? `${formatSize(limitBytes)}, which is kept for others, where ${formatSize(wantedBytes)} would do (${formatSize(keptBytes)} must be kept; no new pages are taken)`
      : `${formatSize(limitBytes)} of ${formatSize(memoryBytes)}`;
  return `${look.state}: ${limit}; ${engine}; ${machine.join(", ")}`;
}

function clientText(name: string, pages: Readonly<ClientPages>): string {
  const kept = `${pagesText(pages.persistentPages)} must be kept (${formatSize(pages.persistentBytes)})`;
  return `  ${name}: ${kept}, ${count(pages.ephemeralPages)} may go (${formatSize(pages.ephemeralBytes)})`;
}

function pagesText(pages: number): string {
  return `${count(pages)} ${pages === 1 ? "page" : "pages"}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
