import { failuresOf } from "@pagetier/base/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { policyConformance, policyPluginConformance } from "../src/conformance/index.js";
import {
  type EvictionPolicy,
  isOffline,
  NO_VICTIM,
  type OfflinePolicy,
  POLICY_CONTRACT,
  type PolicyParts,
  type PolicyPlugin,
} from "../src/index.js";
import { OldestFirst } from "./oldest-first.js";

policyConformance({ describe, test }, (parts) => new OldestFirst(parts));

const plugin: PolicyPlugin<Record<string, never>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "oldest-first",
  summary: "First in, first out.",
  options: z.strictObject({}),
  create: (parts) => new OldestFirst(parts),
};
policyPluginConformance({ describe, test }, plugin);

/** Each breaks one rule; the kit must name it. */
const canaries: readonly [fault: string, testThatNamesIt: RegExp, make: (parts: PolicyParts) => EvictionPolicy][] = [
  [
    "never evicts",
    /never exceeded/,
    (parts) =>
      new (class extends OldestFirst {
        override admit(id: number): number {
          this.pages.add(id);
          return NO_VICTIM;
        }
        override verify(): void {}
      })(parts),
  ],
  [
    "evicts too early",
    /filled/,
    (parts) =>
      new (class extends OldestFirst {
        override admit(id: number): number {
          const left = this.size > 1 && this.size + 1 >= this.parts.capacity ? this.victim() : NO_VICTIM;
          const also = super.admit(id);
          return also === NO_VICTIM ? left : also;
        }
      })(parts),
  ],
  [
    "leaves the victim resident",
    /was resident and is not any more/,
    (parts) =>
      new (class extends OldestFirst {
        override victim(): number {
          const id = super.victim();
          if (id !== NO_VICTIM) this.pages.add(id);
          return id;
        }
      })(parts),
  ],
  [
    "names the wrong page",
    /leaves for another was resident/,
    (parts) =>
      new (class extends OldestFirst {
        override admit(id: number): number {
          const left = super.admit(id);
          return left === NO_VICTIM || left === id ? left : (left + 1) % 5;
        }
      })(parts),
  ],
  [
    "offers page 0 when it is empty",
    /starts empty/,
    (parts) =>
      new (class extends OldestFirst {
        override victim(): number {
          return Math.max(0, super.victim());
        }
      })(parts),
  ],
  [
    "puts a rotated page where it is next",
    /each is offered/,
    (parts) =>
      new (class extends OldestFirst {
        override rotate(id: number): void {
          const others = [...this.pages];
          this.pages.clear();
          for (const each of [id, ...others]) this.pages.add(each);
        }
      })(parts),
  ],
  [
    "loses a rotated page",
    /could not leave is resident again/,
    (parts) =>
      new (class extends OldestFirst {
        override rotate(): void {}
      })(parts),
  ],
  [
    "keeps removed pages",
    /removed page is gone/,
    (parts) =>
      new (class extends OldestFirst {
        override remove(): void {}
      })(parts),
  ],
  [
    "miscounts after a removal",
    /agrees with a set/,
    (parts) =>
      new (class extends OldestFirst {
        #off = 0;
        override remove(id: number): void {
          if (this.pages.has(id)) this.#off++;
          super.remove(id);
        }
        override get size(): number {
          return this.pages.size + this.#off;
        }
      })(parts),
  ],
  [
    "evicts unasked",
    /nobody leaves unasked/,
    (parts) =>
      new (class extends OldestFirst {
        override admit(id: number): number {
          const left = this.size > 1000 ? this.victim() : NO_VICTIM;
          super.admit(id);
          return left;
        }
      })(parts),
  ],
  [
    "cannot take a page back",
    /can come back/,
    (parts) =>
      new (class extends OldestFirst {
        readonly #seen = new Set<number>();
        override admit(id: number): number {
          if (this.#seen.has(id)) return id;
          this.#seen.add(id);
          return super.admit(id);
        }
      })(parts),
  ],
  [
    "throws dice of its own",
    /same requests/,
    (parts) => {
      let round = 0;
      return new (class extends OldestFirst {
        override victim(): number {
          const pages = [...this.pages];
          const id = pages[dice() % Math.max(1, pages.length)] ?? NO_VICTIM;
          this.pages.delete(id);
          return id;
        }
      })(parts);
      function dice(): number {
        return (instances + round++) * 7919;
      }
    },
  ],
  [
    "pays for nothing",
    /paid for/,
    (parts) => new OldestFirst({ ...parts, accountant: { charge: () => true, uncharge: () => undefined } }),
  ],
  [
    "loses a page when a table cannot grow",
    /refuses the page and keeps the others/,
    (parts) =>
      new (class extends OldestFirst {
        override admit(id: number): number {
          const left = super.admit(id);
          if (left === id) this.victim();
          return left;
        }
      })(parts),
  ],
];

let instances = 0;

describe("the kit names the fault of a policy that", () => {
  for (const [fault, named, make] of canaries) {
    test(fault, async () => {
      const failures = await failuresOf((runner) =>
        policyConformance(runner, (parts) => {
          instances++;
          return make(parts);
        }),
      );
      expect(failures.join("\n")).toMatch(named);
    });
  }
});

describe("the kit names the fault of a plugin that", () => {
  const check = async (fault: Partial<PolicyPlugin<Record<string, never>>>, named: RegExp) =>
    expect((await failuresOf((runner) => policyPluginConformance(runner, { ...plugin, ...fault }))).join()).toMatch(
      named,
    );

  test("is of another family, has another contract, or a name no recipe can write", async () => {
    await check({ family: "store" }, /names the family/);
    await check({ contract: 0 }, /names the family/);
    await check({ name: "Oldest First" }, /names the family/);
    await check({ summary: "" }, /names the family/);
  });

  test("swallows options that it does not know", () => check({ options: z.looseObject({}) as never }, /does not know/));

  test("makes a policy of another name", () => check({ name: "newest-first" }, /complete without options/));
});

test("an offline policy is told apart by what it can do", () => {
  const offline: OfflinePolicy = { type: "all", misses: (keys) => keys.length };
  expect(isOffline(offline)).toBe(true);
  expect(isOffline(new OldestFirst({ capacity: 1 } as PolicyParts))).toBe(false);
});
