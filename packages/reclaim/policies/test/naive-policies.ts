// The published algorithms as plainly as they can be written: arrays, oldest page first, and full scans. Each answers
// the misses of a cold cache. They are slow, and here to be read.

export type Naive = (requests: readonly number[], capacity: number) => number;

/** Counts the requests for which `request` says that it missed. */
function misses(requests: readonly number[], request: (page: number) => boolean): number {
  return requests.filter((page) => request(page)).length;
}

function drop(pages: number[], page: number): boolean {
  const index = pages.indexOf(page);
  if (index >= 0) pages.splice(index, 1);
  return index >= 0;
}

export const fifo: Naive = (requests, capacity) => {
  const queue: number[] = [];
  return misses(requests, (page) => {
    if (queue.includes(page)) return false;
    if (queue.length === capacity) queue.shift();
    queue.push(page);
    return true;
  });
};

export const lru: Naive = (requests, capacity) => {
  const list: number[] = [];
  return misses(requests, (page) => {
    const hit = drop(list, page);
    if (!hit && list.length === capacity) list.shift();
    list.push(page);
    return !hit;
  });
};

/** As FIFO with reinsertion. */
export const clock =
  (counterMost: number): Naive =>
  (requests, capacity) => {
    const queue: { page: number; counter: number }[] = [];
    return misses(requests, (page) => {
      const entry = queue.find((each) => each.page === page);
      if (entry !== undefined) {
        entry.counter = Math.min(entry.counter + 1, counterMost);
        return false;
      }
      if (queue.length === capacity) {
        for (let oldest = queue.shift()!; oldest.counter > 0; oldest = queue.shift()!)
          queue.push({ page: oldest.page, counter: oldest.counter - 1 });
      }
      queue.push({ page, counter: 0 });
      return true;
    });
  };

export const sieve: Naive = (requests, capacity) => {
  const queue: { page: number; visited: boolean }[] = [];
  let hand = 0;
  return misses(requests, (page) => {
    const entry = queue.find((each) => each.page === page);
    if (entry !== undefined) {
      entry.visited = true;
      return false;
    }
    if (queue.length === capacity) {
      if (hand >= queue.length) hand = 0;
      while (queue[hand]!.visited) {
        queue[hand]!.visited = false;
        hand = (hand + 1) % queue.length;
      }
      queue.splice(hand, 1);
      if (hand === queue.length) hand = 0; // The newest left: the hand starts again, before anyone else comes.
    }
    queue.push({ page, visited: false });
    return true;
  });
};

export const lfu: Naive = (requests, capacity) => {
  const entries: { page: number; count: number; since: number }[] = [];
  let now = 0;
  return misses(requests, (page) => {
    now++;
    const entry = entries.find((each) => each.page === page);
    if (entry !== undefined) {
      entry.count++;
      entry.since = now;
      return false;
    }
    if (entries.length === capacity) {
      entries.sort((a, b) => a.count - b.count || a.since - b.since);
      entries.shift();
    }
    entries.push({ page, count: 1, since: now });
    return true;
  });
};

export const twoQ: Naive = (requests, capacity) => {
  const first: number[] = [];
  const main: number[] = [];
  const ghosts: number[] = [];
  return misses(requests, (page) => {
    if (first.includes(page)) return false;
    if (drop(main, page)) {
      main.push(page);
      return false;
    }
    const returns = drop(ghosts, page);
    if (first.length + main.length === capacity) {
      if (first.length > Math.floor(capacity * 0.25) || main.length === 0) {
        ghosts.push(first.shift()!);
        if (ghosts.length > Math.floor(capacity * 0.5)) ghosts.shift();
      } else main.shift();
    }
    (returns ? main : first).push(page);
    return true;
  });
};

export const arc: Naive = (requests, capacity) => {
  const [t1, t2, b1, b2]: number[][] = [[], [], [], []] as const;
  let p = 0;
  const replace = (ofB2: boolean) => {
    if (t1!.length > 0 && (t1!.length > p || (ofB2 && t1!.length === p) || t2!.length === 0)) b1!.push(t1!.shift()!);
    else b2!.push(t2!.shift()!);
  };
  return misses(requests, (page) => {
    if (drop(t1!, page) || drop(t2!, page)) {
      t2!.push(page);
      return false;
    }
    if (b1!.includes(page)) {
      p = Math.min(capacity, p + Math.max(1, b2!.length / b1!.length));
      replace(false);
      drop(b1!, page);
      t2!.push(page);
      return true;
    }
    if (b2!.includes(page)) {
      p = Math.max(0, p - Math.max(1, b1!.length / b2!.length));
      replace(true);
      drop(b2!, page);
      t2!.push(page);
      return true;
    }
    if (t1!.length + b1!.length === capacity) {
      if (t1!.length < capacity) {
        b1!.shift();
        replace(false);
      } else t1!.shift();
    } else if (t1!.length + t2!.length + b1!.length + b2!.length >= capacity) {
      if (t1!.length + t2!.length + b1!.length + b2!.length === 2 * capacity) b2!.shift();
      replace(false);
    }
    t1!.push(page);
    return true;
  });
};

export const s3fifo =
  (threshold: number): Naive =>
  (requests, capacity) => {
    const small: { page: number; hits: number }[] = [];
    const main: { page: number; hits: number }[] = [];
    const ghosts: number[] = [];
    const smallMost = Math.max(1, Math.floor(capacity * 0.1));
    const takeSmall = (): boolean => {
      for (let oldest = small.shift(); oldest !== undefined; oldest = small.shift()) {
        if (oldest.hits >= threshold) main.push({ page: oldest.page, hits: 0 });
        else {
          ghosts.push(oldest.page);
          if (ghosts.length > Math.floor(capacity * 0.9)) ghosts.shift();
          return true;
        }
      }
      return false;
    };
    const takeMain = () => {
      for (let oldest = main.shift(); oldest !== undefined && oldest.hits > 0; oldest = main.shift())
        main.push({ page: oldest.page, hits: oldest.hits - 1 });
    };
    return misses(requests, (page) => {
      const entry = [...small, ...main].find((each) => each.page === page);
      if (entry !== undefined) {
        entry.hits = Math.min(entry.hits + 1, 3);
        return false;
      }
      const returns = drop(ghosts, page);
      if (small.length + main.length === capacity && (main.length > capacity - smallMost || !takeSmall())) takeMain();
      (returns ? main : small).push({ page, hits: 0 });
      return true;
    });
  };

/** Segments lowest first; a hit may make the lowest give up pages. */
export const slru =
  (weights: readonly number[]): Naive =>
  (requests, capacity) => {
    const sum = weights.reduce((total, each) => total + each, 0);
    const most = weights.map((each) => Math.floor((each / sum) * capacity));
    const segments: number[][] = weights.map(() => []);
    return misses(requests, (page) => {
      const at = segments.findIndex((segment) => segment.includes(page));
      if (at >= 0) {
        drop(segments[at]!, page);
        let to = Math.min(at + 1, segments.length - 1);
        if (most[to] === 0) to = at;
        segments[to]!.push(page);
        if (to === at) return false;
        for (let segment = to; segment > 0 && segments[segment]!.length > most[segment]!; segment--) {
          segments[segment - 1]!.push(segments[segment]!.shift()!);
          if (segment === 1) segments[0]!.splice(0, Math.max(0, segments[0]!.length - most[0]!));
        }
        return false;
      }
      if (segments.flat().length === capacity) segments.find((segment) => segment.length > 0)!.shift();
      const room = segments.findIndex((segment, index) => segment.length < most[index]!);
      segments[Math.max(0, room)]!.push(page);
      return true;
    });
  };

/** From the definition: the stack holds what was used since the lowest LIR page was. */
export const lirs: Naive = (requests, capacity) => {
  const stack: number[] = [];
  const queue: number[] = [];
  const lir = new Set<number>();
  const hirMost = Math.min(Math.max(2, Math.floor(capacity * 0.01)), Math.max(1, capacity - 1));
  const prune = () => {
    while (stack.length > 0 && !lir.has(stack[0]!)) stack.shift();
  };
  const promote = (page: number) => {
    lir.add(page);
    if (lir.size > capacity - hirMost) {
      const lowest = stack.shift()!;
      lir.delete(lowest);
      queue.push(lowest);
    }
  };
  let last = -1;
  return misses(requests, (page) => {
    if (page === last) return false;
    last = page;
    const inStack = stack.includes(page);
    const hit = lir.has(page) || queue.includes(page);
    if (!hit && lir.size + queue.length === capacity) queue.shift();
    drop(queue, page);
    drop(stack, page);
    stack.push(page);
    if (!lir.has(page)) {
      if (inStack || (!hit && lir.size < capacity - hirMost)) promote(page);
      else queue.push(page);
    }
    prune();
    return !hit;
  });
};
