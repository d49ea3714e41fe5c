import type { Scheduler } from "@pagetier/base";

/** No pause lasts longer without a look: whoever ends it need not wait, and a process that has nothing else to do can end. */
const SLICE_NS = 100e6;

/** Waits so long, or until it is over. */
export async function pause(scheduler: Scheduler, ns: number, isOver: () => boolean): Promise<void> {
  const end = scheduler.clock.now() + ns;
  for (let left = ns; left > 0 && !isOver(); left = end - scheduler.clock.now()) {
    await scheduler.sleep(Math.min(left, SLICE_NS));
  }
}
