/** A snapshot of counters: camel case in code, {@link snakeCase} in reports. Events count up, levels go both ways. */
export type Counters = Readonly<Record<string, number>>;

/** Writes a counter's name as reports and kernel developers write it: `poolLimitHit` becomes `pool_limit_hit`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
