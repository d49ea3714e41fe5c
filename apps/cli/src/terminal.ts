import { stderr, stdout } from "node:process";
import { SingleBar } from "cli-progress";
import picocolors from "picocolors";

const { FORCE_COLOR, NO_COLOR } = process.env;

/** Colours of results: on a terminal, or where FORCE_COLOR asks for them; never with NO_COLOR. (A CI server is no terminal.) */
export const colours = picocolors.createColors(!NO_COLOR && (Boolean(FORCE_COLOR) || stdout.isTTY === true));

/** Where results go. All else goes to {@link note} and {@link progressBar}, on standard error. */
export function print(text: string): void {
  stdout.write(`${text}\n`);
}

export function printJson(document: unknown): void {
  print(jsonText(document));
}

/** Indented JSON, with lists of numbers on one line each: a time series would fill screens with single numbers. */
export function jsonText(document: unknown): string {
  // A line break stands in no JSON string, so what matches is never part of one.
  return JSON.stringify(document, null, 2).replace(/\[\n\s+-?\d[\d\s,.eE+-]*\]/g, (list) => list.replace(/\s+/g, " "));
}

export function note(text: string): void {
  stderr.write(`${text}\n`);
}

/**
 * Watches standard output from here on. A reader that has seen enough, as `head` has, is no error; any other failure is.
 *
 * @returns answers why results could not be written, once everything was given to the system
 */
export function watchOutput(): () => Promise<string | undefined> {
  let failure: string | undefined;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") failure = error.code ?? error.message;
  };
  stdout.on("error", onError);
  return async () => {
    await new Promise((resolve) => stdout.write("", resolve));
    return failure;
  };
}

/** Columns for tables: the terminal's; where there is none, what COLUMNS says, or 100. */
export function terminalColumns(): number {
  const told = Number(process.env.COLUMNS);
  return stdout.columns ?? (Number.isSafeInteger(told) && told > 0 ? told : COLUMNS_DEFAULT);
}

const COLUMNS_DEFAULT = 100;

/** A progress bar on a terminal; nothing elsewhere. */
export interface Progress {
  update(done: number, total: number | undefined): void;
  stop(): void;
}

/** @param describe writes values for people */
export function progressBar(label: string, describe: (value: number) => string = count): Progress {
  if (!stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const started = performance.now();
  const bar = new SingleBar({
    format: (_, { value, total }) =>
      progressText(
        {
          label,
          done: value,
          total: total === UNKNOWN_TOTAL ? undefined : total,
          elapsedMs: performance.now() - started,
        },
        stderr.columns,
      ),
    hideCursor: true,
    clearOnComplete: true,
    stream: stderr,
    formatValue: (value, _options, type) => (type === "value" || type === "total" ? describe(value) : String(value)),
  });
  let shown = false;
  return {
    update(done, total) {
      if (!shown) bar.start(total ?? UNKNOWN_TOTAL, done);
      shown = true;
      bar.update(done);
    },
    stop() {
      if (shown) bar.stop();
    },
  };
}

/** The bar wants a total; this one is never reached. */
const UNKNOWN_TOTAL = Number.MAX_SAFE_INTEGER;
const LABEL_COLUMNS = 12;
const BAR_COLUMNS = 24;

/** How far something is. */
export interface ProgressState {
  readonly label: string;
  readonly done: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
}

/** A progress bar as text: how much, how fast, and how long it will take. What does not fit is left out, the bar first. */
export function progressText({ label, done, total, elapsedMs }: ProgressState, columns: number): string {
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const name = label.padEnd(LABEL_COLUMNS);
  if (total === undefined) return `${name} ${count(done)} · ${rate(perSecond)}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const left = perSecond > 0 ? ` · ${duration((Math.max(0, total - done) * 1000) / perSecond)} left` : "";
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = `${"━".repeat(filled)}${"─".repeat(BAR_COLUMNS - filled)} `;
  const percent = `${Math.floor(share * 100)} %`;
  const texts = [
    `${name} ${bar}${percent} · ${count(done)} of ${count(total)} · ${rate(perSecond)}${left}`,
    `${name} ${percent} · ${count(done)} of ${count(total)} · ${rate(perSecond)}${left}`,
    `${name} ${percent} · ${rate(perSecond)}${left}`,
    `${percent}${left}`,
  ];
  return texts.find((text) => text.length < columns) ?? percent;
}

/** 1234567 a second as `1.2 M/s`. */
export function rate(perSecond: number): string {
  const units = ["", "k", "M", "G"];
  let value = perSecond;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}/s`.replace(" /s", "/s");
}

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Milliseconds for people: `85 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
