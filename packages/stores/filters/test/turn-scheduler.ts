import type { Scheduler } from "@pagetier/base";

/** A scheduler on which every sleep lasts one turn of the event loop: time jumps to each sleeper's due moment. */
export function turnScheduler(): Scheduler {
  let now = 0;
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock: { now: () => now },
    turn,
    outside: (work) => work(),
    sleep: async (ns) => {
      const due = now + ns;
      await turn();
      now = Math.max(now, due);
    },
  };
}
