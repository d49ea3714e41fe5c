// What every eviction policy promises, whatever it prefers: exactly the admitted pages are resident, a page leaves once,
// the capacity holds, every page gets its turn. Which page leaves first is the policy's own business and not tested here.

import assert from "node:assert/strict";
import { type Accountant, createPrng, UNCHARGED } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { type EvictionPolicy, NO_VICTIM, type PolicyParts } from "../policy.js";

type MakePolicy = (parts: PolicyParts) => EvictionPolicy;

const CAPACITIES = [1, 2, 3, 10, 100];

const partsOf = (capacity: number, accountant: Accountant = UNCHARGED): PolicyParts => ({
  capacity,
  expectedPages: capacity === Infinity ? 20 : capacity,
  prng: createPrng(1),
  accountant,
});

/** Uses a page as a caller does, and checks what the policy answers. @returns the page that left, or NO_VICTIM */
function use(policy: EvictionPolicy, id: number): number {
  const size = policy.size;
  if (policy.has(id)) {
    policy.hit(id);
    assert.ok(policy.has(id), "a page that was hit stays");
    assert.equal(policy.size, size, "a hit moves nobody in or out");
    return NO_VICTIM;
  }
  const left = policy.admit(id);
  assert.equal(policy.has(id), left !== id, "an admitted page is resident, a refused one is not");
  const cameBack = policy.condemns === true && left === NO_VICTIM && policy.size === size;
  if (!cameBack) assert.equal(policy.size, size + (left === NO_VICTIM ? 1 : 0), "size counts who came and who left");
  if (left !== NO_VICTIM) assert.ok(!policy.has(left), "a page that left is not resident");
  return left;
}

/** Whether `has` agrees with what came and did not leave; only a policy that says so may have condemned a page. */
function agrees(policy: EvictionPolicy, id: number, resident: ReadonlySet<number>): boolean {
  return policy.has(id) === resident.has(id) || (policy.condemns === true && resident.has(id));
}

const HITS_MOST = 3;

/** Pages 0..count - 1, some of them hit, in a policy that never evicts by itself. */
function filled(make: MakePolicy, count: number): EvictionPolicy {
  const policy = make(partsOf(Infinity));
  for (let id = 0; id < count; id++) {
    use(policy, id);
    for (let hits = id % (HITS_MOST + 1); hits > 0; hits--) use(policy, id);
  }
  return policy;
}

/** Who is resident. */
export function residencyConformance({ describe, test }: TestRunner, make: MakePolicy): void {
  describe("residency", () => {
    test("starts empty: nobody is resident, nobody can leave, nobody needs to be forgotten", () => {
      for (const capacity of [...CAPACITIES, Infinity]) {
        const policy = make(partsOf(capacity));
        assert.equal(policy.size, 0);
        for (const id of [0, 1, 1_000_000, 2 ** 31 - 100]) {
          assert.ok(!policy.has(id));
          policy.remove(id);
        }
        assert.equal(policy.victim(), NO_VICTIM);
        assert.equal(policy.size, 0);
        policy.verify();
      }
    });

    test("a victim was resident and is not any more", () => {
      const policy = filled(make, 50);
      for (let size = 50; size > 0; size--) {
        const resident = Array.from({ length: 50 }, (_, id) => policy.has(id));
        const id = policy.victim();
        assert.ok(resident[id] === true, "the victim was resident");
        assert.ok(!policy.has(id), "the victim is not resident any more");
        assert.equal(policy.size, size - 1);
        policy.verify();
      }
    });

    test("every page leaves exactly once, then none is left", () => {
      const policy = filled(make, 50);
      const left = Array.from({ length: 50 }, () => policy.victim()).sort((a, b) => a - b);
      assert.deepEqual(
        left,
        Array.from({ length: 50 }, (_, id) => id),
      );
      assert.equal(policy.victim(), NO_VICTIM);
      policy.verify();
    });

    test("a page that left can come back", () => {
      const policy = filled(make, 10);
      const id = policy.victim();
      assert.equal(policy.admit(id), NO_VICTIM);
      assert.ok(policy.has(id));
      policy.verify();
    });

    test("a removed page is gone and is never offered", () => {
      const policy = filled(make, 30);
      for (let id = 0; id < 30; id += 3) {
        policy.remove(id);
        assert.ok(!policy.has(id), "a removed page is not resident");
        policy.remove(id); // A second time changes nothing.
        policy.verify();
      }
      assert.equal(policy.size, 20);
      const left = Array.from({ length: 20 }, () => policy.victim());
      assert.ok(left.every((id) => id % 3 !== 0));
      assert.equal(policy.victim(), NO_VICTIM);
      policy.verify();
    });

    test("a page that left long ago can be forgotten, and come back as if it were new", () => {
      for (const capacity of CAPACITIES) {
        const policy = make(partsOf(capacity));
        for (let id = 0; id < 3 * capacity; id++) use(policy, id);
        const { size } = policy;
        for (let id = 0; id < 3 * capacity; id++) {
          if (policy.has(id)) continue;
          policy.remove(id);
          assert.equal(policy.size, size, "forgetting a page that is not resident moves nobody");
          policy.verify();
        }
        for (let id = 0; id < 3 * capacity; id++) use(policy, id);
        policy.verify();
      }
    });
  });
}

/** Driven alone, at a fixed capacity. */
export function aloneConformance({ describe, test }: TestRunner, make: MakePolicy): void {
  describe("alone", () => {
    test("the capacity is filled and never exceeded", () => {
      for (const capacity of CAPACITIES) {
        const policy = make(partsOf(capacity));
        for (let id = 0; id < capacity; id++)
          assert.equal(use(policy, id), NO_VICTIM, "nobody leaves while there is room");
        assert.equal(policy.size, capacity);
        for (let id = 0; id < 4 * capacity; id++) {
          use(policy, (id * 7) % (3 * capacity));
          assert.equal(policy.size, capacity, "as many leave as come");
          policy.verify();
        }
      }
    });

    test("the page that leaves for another was resident and is not the other", () => {
      for (const capacity of CAPACITIES) {
        const policy = make(partsOf(capacity));
        const resident = new Set<number>();
        const random = createPrng(capacity);
        for (let step = 0; step < 300; step++) {
          const id = random.below(2 * capacity + 2);
          assert.ok(agrees(policy, id, resident), "exactly the pages that came and did not leave are resident");
          const left = use(policy, id);
          if (left === id) continue;
          if (left !== NO_VICTIM) assert.ok(resident.delete(left), "the page that left was resident");
          resident.add(id);
        }
        for (let id = 0; id < 2 * capacity + 2; id++) assert.ok(agrees(policy, id, resident));
      }
    });

    test("the same requests give the same answers", () => {
      const run = () => {
        const policy = make(partsOf(20));
        const random = createPrng(7);
        return Array.from({ length: 2000 }, () => use(policy, random.below(60)));
      };
      assert.deepEqual(run(), run());
    });
  });
}

/** Driven by somebody else's memory, with unbounded capacity. */
export function drivenConformance({ describe, test }: TestRunner, make: MakePolicy): void {
  describe("driven", () => {
    test("with unbounded capacity nobody leaves unasked", () => {
      const policy = make(partsOf(Infinity));
      for (let id = 0; id < 3000; id++) assert.equal(use(policy, id), NO_VICTIM);
      assert.equal(policy.size, 3000);
      policy.verify();
    });

    test("a page that could not leave is resident again", () => {
      const policy = filled(make, 20);
      const id = policy.victim();
      policy.rotate(id);
      assert.ok(policy.has(id));
      assert.equal(policy.size, 20);
      policy.hit(id);
      policy.verify();
    });

    test("if no page can leave, each is offered, the sooner the fewer hits there were", () => {
      for (const count of [1, 2, 3, 10, 100]) {
        const policy = filled(make, count);
        for (let turn = 0; turn < 2; turn++) {
          const offered = new Set<number>();
          for (let call = 0; call < 2 * (HITS_MOST + 1) * count; call++) {
            const id = policy.victim();
            offered.add(id);
            policy.rotate(id);
            assert.equal(policy.size, count);
          }
          policy.verify();
          assert.equal(offered.size, count, "every page had its turn");
        }
      }
    });

    test("many victims at once can be put back in any order", () => {
      const policy = filled(make, 40);
      const taken = Array.from({ length: 32 }, () => policy.victim());
      policy.verify();
      for (let index = taken.length - 1; index >= 0; index -= 2) policy.rotate(taken[index]!);
      policy.verify();
      assert.equal(policy.size, 8 + 16);
      for (let index = 0; index < taken.length; index += 2) assert.equal(policy.admit(taken[index]!), NO_VICTIM);
      assert.equal(policy.size, 40);
      policy.verify();
    });

    test("any order of calls agrees with a set", () => {
      const id = fc.nat(24);
      const step = fc.oneof(
        { weight: 8, arbitrary: fc.record({ use: id }) },
        { weight: 3, arbitrary: fc.record({ victim: fc.boolean() }) },
        { weight: 2, arbitrary: fc.record({ remove: id }) },
      );
      const capacity = fc.constantFrom(1, 2, 3, 5, 8, 13, Infinity);
      fc.assert(
        fc.property(capacity, fc.array(step, { maxLength: 120 }), (pages, steps) => {
          const policy = make(partsOf(pages));
          const resident = new Set<number>();
          for (const each of steps) {
            if ("use" in each) {
              const left = use(policy, each.use);
              if (left !== NO_VICTIM && left !== each.use) assert.ok(resident.delete(left), "who left was resident");
              if (left !== each.use) resident.add(each.use);
            } else if ("victim" in each) {
              const left = policy.victim();
              assert.equal(left === NO_VICTIM, resident.size === 0, "there is a victim while a page is resident");
              if (left !== NO_VICTIM) assert.ok(resident.delete(left), "the victim was resident");
              if (left !== NO_VICTIM && each.victim) {
                policy.rotate(left);
                resident.add(left);
              }
            } else {
              policy.remove(each.remove);
              resident.delete(each.remove);
            }
            assert.equal(policy.size, resident.size);
            assert.ok(policy.size <= pages, "the capacity holds");
            for (let page = 0; page <= 24; page++)
              assert.ok(agrees(policy, page, resident), "exactly these are resident");
            policy.verify();
          }
        }),
        { numRuns: 150 },
      );
    });
  });
}

/** What the policy itself takes. */
export function tablesConformance({ describe, test }: TestRunner, make: MakePolicy): void {
  describe("tables", () => {
    /** Pays up to a limit and notes how much. */
    const purse = (limit: number) => {
      const accountant = {
        paid: 0,
        charge(bytes: number): boolean {
          if (accountant.paid + bytes > limit) return false;
          accountant.paid += bytes;
          return true;
        },
        uncharge(bytes: number): void {
          accountant.paid -= bytes;
        },
      };
      return accountant;
    };
    // A few records that make the code simpler are nobody's pages.
    const SLACK_BYTES = 4096;

    test("what tables take is paid for", () => {
      for (const capacity of [10, Infinity]) {
        const accountant = purse(Infinity);
        const policy = make(partsOf(capacity, accountant));
        for (const id of [0, 3, 5000, 20_000, 100_000]) {
          use(policy, id);
          const unpaid = policy.memoryBytes() - accountant.paid;
          assert.ok(unpaid >= 0 && unpaid <= SLACK_BYTES, `${unpaid} bytes of tables are not paid for`);
        }
        assert.ok(policy.memoryBytes() >= 0);
      }
    });

    test("a policy whose tables may not grow refuses the page and keeps the others", () => {
      const accountant = purse(2 ** 20);
      const policy = make(partsOf(5, accountant));
      for (let id = 0; id < 5; id++) use(policy, id);
      assert.equal(policy.admit(2 ** 27), 2 ** 27);
      assert.deepEqual(
        [0, 1, 2, 3, 4].map((id) => policy.has(id)),
        [true, true, true, true, true],
      );
      assert.equal(policy.size, 5);
      policy.verify();
      use(policy, 6);
      policy.verify();
    });
  });
}

/** Everything that an eviction policy promises. */
export function policyConformance(runner: TestRunner, make: MakePolicy): void {
  residencyConformance(runner, make);
  aloneConformance(runner, make);
  drivenConformance(runner, make);
  tablesConformance(runner, make);
}
