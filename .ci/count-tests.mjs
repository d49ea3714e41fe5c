// Prints "PASSED FAILED" from vitest's JSON report. Usage: count-tests.mjs REPORT EXIT_STATUS
import { readFileSync } from "node:fs";

const [path, status] = process.argv.slice(2);

function counts() {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return [0, 1]; // Something before the tests failed, and said what above.
  }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  const failed = report.numFailedTests + broken.length;
  return [report.numPassedTests, failed === 0 && status !== "0" ? 1 : failed];
}

console.log(counts().join(" "));
