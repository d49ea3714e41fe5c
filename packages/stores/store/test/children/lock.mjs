// A process that takes a lock, for tests of what happens between processes. It runs on the built package.
//   node lock.mjs hold PATH       takes it, says "locked" or the error's code, and keeps it until standard input ends
//   node lock.mjs die PATH N      is killed in place of its N-th call of the file system while it takes the lock; says "locked" if it made fewer
import fs from "node:fs";
import { lockPlace } from "@pagetier/store";

const [task, path, nth] = process.argv.slice(2);

if (task === "die") {
  let calls = 0;
  for (const name of ["writeFileSync", "linkSync", "readFileSync", "renameSync", "rmSync", "readdirSync"]) {
    const original = fs[name];
    fs[name] = (...parameters) => {
      if (String(parameters[0]).startsWith("/proc/")) return original.apply(fs, parameters);
      if (++calls === Number(nth)) process.kill(process.pid, "SIGKILL");
      return original.apply(fs, parameters);
    };
  }
  lockPlace(path, "the test");
  console.log("locked");
} else {
  try {
    const release = lockPlace(path, "the test");
    console.log("locked");
    for await (const _ of process.stdin);
    release();
  } catch (error) {
    console.log(error.code);
  }
}
