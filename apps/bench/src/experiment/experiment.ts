// An experiment is data: workloads × contenders × environments × seeds. Its cells are run in any order, each in virtual time
// and alone, and the same cell gives the same numbers on any machine.

import type { RecipeInput } from "pagetier";
import type { WorkloadSpec } from "./workload.js";

/** What a recipe is for in a comparison. */
export type Role = "contender" | "control" | "floor" | "ceiling";

/** A stack that is compared. */
export interface Contender {
  readonly name: string;
  readonly role: Role;
  /** Without `memory`, which is the environment's. */
  readonly recipe: RecipeInput;
  /** Runs in the first environment alone; left out: in all. */
  readonly onlyFirst?: boolean;
  /** Has so much more memory than the environment gives, as a share of the working set. */
  readonly moreMemory?: number;
  /** Has memory for everything, whatever the environment says. */
  readonly unbounded?: boolean;
  /** Replays the victims of another contender of the same experiment: its choices with this one's timing. */
  readonly victimsOf?: string;
}

/** How much memory, on which device, how busy an application. */
export interface Environment {
  /** Of the workload's working set. */
  readonly memoryShare: number;
  readonly device: "nvme" | "sata" | "disk" | "network";
  /** Nanoseconds between two accesses, on average. */
  readonly thinkNs: number;
}

/** The contender that has memory for everything, in every experiment: time beyond its own is lost to memory. */
export const UNBOUNDED = "unbounded memory";

export interface Experiment {
  readonly name: string;
  readonly workloads: readonly WorkloadSpec[];
  readonly contenders: readonly Contender[];
  readonly environments: readonly Environment[];
  readonly seeds: readonly number[];
  /** Contenders that also run once in real time, at the first place. */
  readonly spotChecks?: readonly string[];
}

/** One run. Plain data: it goes to a worker and into the result. */
export interface Cell {
  readonly experiment: string;
  readonly workload: WorkloadSpec;
  readonly contender: Contender;
  /** The contender whose victims are replayed, if any. */
  readonly scriptOf: Contender | undefined;
  readonly environment: Environment;
  readonly seed: number;
  /** Real time, with a real file in place of a modelled device, for a look at whether the simulation counts what happens. */
  readonly real?: boolean;
}

/** What a cell gave: see METRICS. */
export type Metrics = Readonly<Record<string, number>>;

export interface CellResult {
  readonly experiment: string;
  readonly workload: string;
  readonly contender: string;
  readonly role: Role;
  readonly environment: Environment;
  readonly seed: number;
  readonly real?: boolean;
  readonly metrics: Metrics;
  /** Frames of pools at even distances in the measured part. */
  readonly poolFrames: readonly number[];
  /** Why the run failed, if it did. */
  readonly error?: string;
}

/** The cells of an experiment, seed by seed: repetitions are interleaved. */
export function cellsOf(experiment: Experiment): Cell[] {
  const { name, workloads, contenders, seeds } = experiment;
  const cells: Cell[] = [];
  for (const seed of seeds)
    for (const workload of workloads)
      for (const contender of contenders) {
        const scriptOf = contenders.find((each) => each.name === contender.victimsOf);
        for (const environment of environmentsOf(experiment, contender))
          cells.push({ experiment: name, workload, contender, scriptOf, environment, seed });
      }
  return [...cells, ...spotChecksOf(experiment)];
}

function spotChecksOf({ name, workloads, contenders, environments, seeds, spotChecks = [] }: Experiment): Cell[] {
  const checked = contenders.filter((contender) => spotChecks.includes(contender.name));
  return checked.map((contender) => ({
    experiment: name,
    workload: workloads[0]!,
    contender,
    scriptOf: undefined,
    environment: environments[0]!,
    seed: seeds[0]!,
    real: true,
  }));
}

function environmentsOf({ environments }: Experiment, { onlyFirst, unbounded }: Contender): readonly Environment[] {
  if (unbounded) return withoutPressure(environments);
  return onlyFirst ? environments.slice(0, 1) : environments;
}

/** With memory for everything, neither its size nor the device matters: once per thinking time. */
function withoutPressure(environments: readonly Environment[]): Environment[] {
  return environments.filter(
    ({ thinkNs }, index) => environments.findIndex((other) => other.thinkNs === thinkNs) === index,
  );
}

/** The place of a result in its table, apart from the seed. */
export function keyOf({ workload, contender, environment }: CellResult): string {
  return `${workload} · ${environmentName(environment)} · ${contender}`;
}

export function environmentName({ memoryShare, device, thinkNs }: Environment): string {
  const think = thinkNs === 0 ? "" : `, think ${thinkNs} ns`;
  return `memory ${memoryShare} of the working set, ${device}${think}`;
}
