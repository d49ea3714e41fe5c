import { policyConformance } from "@pagetier/policy/conformance";
import { CoinFlipPolicy } from "pagetier-example-plugin";
import { describe, test } from "vitest";

policyConformance({ describe, test }, (parts) => new CoinFlipPolicy(parts));
