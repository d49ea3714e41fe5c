import type { Scheduler } from "@pagetier/base";

/** No pause lasts longer without a look, so that an end is not waited for. */
const SLICE_NS = 100e6;

/** Waits, or until it is over. */
export async function pause(scheduler: Scheduler, ns: number, isOver: () => boolean): Promise<void> {
  const endNs = scheduler.clock.now() + ns;
  for (let left = ns; left > 0 && !isOver(); left = endNs - scheduler.clock.now()) {
    await scheduler.sleep(Math.min(left, SLICE_NS));
  }
}
