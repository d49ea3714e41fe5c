// A recipe in virtual time: the same stack, with devices that are models.
//
// Nothing real may be waited for in a simulation, so the store at the end of each chain becomes memory of the same size
// behind a modelled device. A chain that has a model of its own (`device`, `delay`) keeps it, and only loses what is real. Other
// machines' memory becomes that of modelled machines.

import type { CpuMeter, PluginNode, Scheduler } from "@pagetier/base";
import type { Costs } from "@pagetier/simulation";
import type { Recipe } from "./recipe.js";

/** Virtual time, and what stands for the world in it. */
export interface Simulation {
  readonly scheduler: Scheduler & CpuMeter;
  /** What work costs: `MEASURED_COSTS` of `@pagetier/simulation`. */
  readonly costs: Costs;
  /** The model before stores that have none. */
  readonly device: "nvme" | "sata" | "disk" | "network";
}

const MODELS = ["device", "delay"];
const REMOTE_MODEL = "simulated";

/** The recipe with modelled stores. */
export function simulated(recipe: Recipe, { device }: Pick<Simulation, "device">): Recipe {
  return {
    ...recipe,
    frontswap: recipe.frontswap.map(withModelledRemote),
    cleancache: recipe.cleancache.map(withModelledRemote),
    swap: recipe.swap.map((each) => ({ ...each, node: modelled(each.node, device, false) })),
  };
}

/** A backend's node with modelled machines where it names real ones: as many as it lists. */
function withModelledRemote(node: PluginNode): PluginNode {
  const { remote } = node;
  if (remote === undefined) return node;
  const { use, url } = typeof remote === "string" ? { use: remote, url: undefined } : (remote as PluginNode);
  if (use === REMOTE_MODEL) return node;
  return { ...node, remote: { use: REMOTE_MODEL, machines: Array.isArray(url) ? Math.min(url.length, 16) : 1 } };
}

/** A store's node with what is real in it replaced. */
export function modelled(node: PluginNode, device: Simulation["device"], hasModel: boolean): PluginNode {
  const { next } = node;
  if (next === undefined) {
    const memory = { use: "memory", ...(node.size === undefined ? {} : { size: node.size }) };
    return hasModel ? memory : { use: "device", model: device, next: memory };
  }
  const inner = typeof next === "string" ? { use: next } : (next as PluginNode);
  return { ...node, next: modelled(inner, device, hasModel || MODELS.includes(node.use)) };
}
