import { readFileSync } from "node:fs";
import { type PageAssets, pageHtml } from "./html/page.js";
import { measuredReport } from "./measured-report.js";
import type { Report, ReportPart } from "./report.js";

/** Where the build puts what every page contains; the same place seen from `src` and from `dist`. */
const ASSETS = new URL("../dist/page/", import.meta.url);

let assets: PageAssets | undefined;

/** Writes a report as one HTML document. It needs no network and no other file. */
export function renderReport(report: Report): string {
  assets ??= {
    script: readFileSync(new URL("page.js", ASSETS), "utf8"),
    style: readFileSync(new URL("page.css", ASSETS), "utf8"),
  };
  return pageHtml(report, assets);
}

/**
 * Writes what was measured as one HTML document.
 *
 * @throws TierError REPORT_FORMAT
 */
export function renderParts(parts: readonly ReportPart[]): string {
  return renderReport(measuredReport(parts));
}
