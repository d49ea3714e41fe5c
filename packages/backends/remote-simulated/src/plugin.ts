import type { PluginNode } from "@pagetier/base";
import { REMOTE_CONTRACT, RemoteOwner, type RemotePlugin } from "@pagetier/tmem";
import { SIMULATED_SCHEMA, type SimulatedOptions } from "./options.js";
import { SimulatedHolders } from "./simulated-holders.js";

export const plugin: RemotePlugin<SimulatedOptions> = {
  family: "remote",
  contract: REMOTE_CONTRACT,
  name: "simulated",
  summary: "Modelled machines with latency, bandwidth, room and failures: what redis becomes in virtual time.",
  options: SIMULATED_SCHEMA,
  create: ({ scheduler, accountant }, options) => new RemoteOwner(new SimulatedHolders(options, scheduler), accountant),
};

/** The recipe node of simulated remote memory. */
export function remoteSimulated(options: Partial<SimulatedOptions> = {}): PluginNode {
  return { use: "simulated", ...options };
}
