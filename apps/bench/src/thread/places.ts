import type { Place } from "../experiment/results.js";

/** A place in few words: `programs, 0.7, nvme`. */
export function placeName({ workload, environment: { memoryShare, device, thinkNs } }: Place): string {
  const think = thinkNs === 1000 ? "" : `, thinking ${thinkNs / 1000} µs`;
  return `${workload}, ${memoryShare}, ${device}${think}`;
}
