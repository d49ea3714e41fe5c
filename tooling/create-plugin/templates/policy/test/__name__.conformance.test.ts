import { policyConformance, policyPluginConformance } from "@pagetier/policy/conformance";
import { describe, test } from "vitest";
import { __Name__Policy, plugin } from "../src/__name__.js";

policyConformance({ describe, test }, (parts) => new __Name__Policy(parts));
policyPluginConformance({ describe, test }, plugin);
