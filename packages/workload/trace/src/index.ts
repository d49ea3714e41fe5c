export { Capture, type CaptureOptions, FILTER_PAGES_DEFAULT, type ProgramMemory } from "./capture/capture.js";
export { CoreDump } from "./capture/core-dump.js";
export { type LackeyListener, LackeyParser, type SystemCall } from "./capture/lackey-parser.js";
export {
  Container,
  type ContainerAbout,
  type ContainerReading,
  type ContainerSpace,
  type ReadingOptions,
} from "./container/container-reader.js";
export {
  type ContainerAudit,
  ContainerReplay,
  type ContainerReplayOptions,
  type ContainerReplayResult,
  type OpenSpace,
} from "./container/container-replay.js";
export { ContainerWriter, type ContainerWriterOptions } from "./container/container-writer.js";
export type { ContentWindow } from "./container/content-window.js";
export { CONTAINER_OPS, type SpaceKind } from "./container/layout.js";
export type { ContainerMismatch } from "./container/operation-runner.js";
export type { OperationBatch } from "./container/operations.js";
export type { AnonTarget, FileTarget, SpaceToOpen } from "./container/replayed-space.js";
export type { ContainerTotals, OperationCounts } from "./container/totals.js";
export { FileLayout } from "./file-layout.js";
export { parseTraceFormat, type TraceFormatSpec } from "./format-spec.js";
export { FORMATS } from "./formats/catalogue.js";
export {
  FRONTSWAP_OPS,
  type FrontswapBatch,
  type FrontswapTrace,
  openFrontswapTrace,
} from "./formats/frontswap.js";
export { GENERATED_KINDS, type GeneratedKind, type GenerateOptions, generateTrace } from "./generate.js";
export type { Compression } from "./input-error.js";
export { keyHash } from "./key-hash.js";
export { KeyMap } from "./key-map.js";
export { LatencyHistogram, type LatencySummary } from "./latency-histogram.js";
export { openTrace, type TraceOptions } from "./open-trace.js";
export { Pace, type PaceOptions } from "./pace.js";
export { PageContents, RUN_PAGES } from "./page-contents.js";
export { openPages, type PageFile, type PageFileOptions } from "./page-file.js";
export { PageHash } from "./page-hash.js";
export {
  type AuditResult,
  type Mismatch,
  Replay,
  type ReplayOptions,
  type ReplayResult,
  type ReplayTarget,
  replay,
} from "./replay.js";
export type { OpenLoopOptions, OpenLoopResult } from "./replay-loop.js";
export {
  BATCH_REQUESTS,
  REQUEST_OPS,
  TRACE_FORMATS,
  type TraceAddresses,
  type TraceBatch,
  type TraceFormat,
  type TraceReader,
} from "./trace.js";
export { type TraceInfo, traceInfo } from "./trace-info.js";
export { renumberTrace, type SampleOptions, sampleTrace } from "./transform-trace.js";
export { writeTrace, writtenFormatOf } from "./writers/write-trace.js";
export { WRITTEN_FORMATS, type WriteControl, type WrittenFormat, type WrittenTrace } from "./writers/written-trace.js";
