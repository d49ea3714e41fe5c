export type { Axis, Bar, BarChart, Chart, CurveChart, DotChart, Format, Series } from "./chart/chart.js";
export { formatNumber } from "./chart/format.js";
export { measuredReport } from "./measured-report.js";
export { readParts } from "./read-parts.js";
export { renderParts, renderReport } from "./render-report.js";
export type {
  Block,
  Cell,
  Column,
  Fact,
  Figure,
  Origin,
  Report,
  ReportPart,
  Row,
  Section,
  Summary,
  Table,
} from "./report.js";
