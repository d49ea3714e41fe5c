/**
 * Does jobs on two processors, in order, and answers when all are done. Each job starts a process of its own, so that
 * two at a time use a machine of two processors.
 */
export async function sideBySide(jobs, job) {
  const waiting = [...jobs];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await job(next);
  };
  await Promise.all([worker(), worker()]);
}
