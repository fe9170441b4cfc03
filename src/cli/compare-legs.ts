/**
 * Compares the legs' data with what a log says of it: opens the legs for reading under a lock that
 * keeps engines away, shows how far it is, and writes a receipt along the way if it was asked to.
 */
import { createHash } from 'node:crypto';
import { fstatSync, readFileSync } from 'node:fs';
import type { Stretch } from '../devices/leg-scan.ts';
import { scanLegs } from '../devices/leg-scan.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import type { RegionBitset } from '../dirty-log/region-bitset.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { LegComparison } from '../forensics/leg-comparison.ts';
import { sampledRegions } from '../forensics/region-sample.ts';
import type { ReceiptSubject, VerifyReceipt } from '../forensics/verify-receipt.ts';
import {
  subjectChange,
  VERIFY_RECEIPT_SCHEMA,
  verifyReceipt,
} from '../forensics/verify-receipt.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import { JsonFault, readJson } from '../json/json-shape.ts';
import type { LegSpec } from '../mirror-set/mirror-spec.ts';
import { replaceFile } from '../registry/atomic-file.ts';
import { BytePace } from './byte-pace.ts';
import type { Outside } from './outside.ts';
import type { Progress } from './progress.ts';

export interface ComparisonPlan {
  readonly logPath: string;
  readonly logBytes: Uint8Array;
  readonly cleanBits: RegionBitset | null;
  /** Null where it is not known before the legs' own sizes are. */
  readonly sizeBytes: ByteCount | null;
  /** Of the mirror, given how many bytes the smallest leg offers. */
  readonly geometryIn: (roomBytes: ByteCount) => RegionGeometry;
  readonly legs: readonly LegSpec[];
  /** Above 0, at most 1; null: everything. */
  readonly sampleShare: number | null;
  /** Written, and read first if it is there. */
  readonly receiptPath: string | null;
  readonly progress: Progress;
}

export interface ComparedLegs {
  readonly comparison: LegComparison;
  /** When each leg was last changed; null where nobody knows. */
  readonly modifiedAtMs: readonly (number | null)[];
}

const WRITE_EVERY_MS = 10_000;

/** Throws LEG_… when a leg cannot be opened, INTERRUPTED (the receipt is written), USAGE. */
export async function compareLegs(outside: Outside, plan: ComparisonPlan): Promise<ComparedLegs> {
  const lengthBytes = plan.sizeBytes;
  const requests = plan.legs.map(
    ({ path, offsetBytes }) =>
      ({ role: 'leg', path, access: 'read', offsetBytes, lengthBytes }) as const,
  );
  const devices = openDevices(requests);
  try {
    const rooms = devices.map(({ sizeBytes }, leg) => sizeBytes - offsetOf(plan, leg));
    const geometry = plan.geometryIn(byteCount(Math.min(...rooms)));
    const subject = subjectOf(plan, geometry, devices);
    const before =
      plan.receiptPath === null ? null : readReceipt(plan.receiptPath, subject, outside);
    const comparison = new LegComparison(geometry, plan.cleanBits, before?.runs);
    const start = before?.comparedBytes ?? 0;
    const legs = devices.map(({ fd }, leg) => ({ fd, offsetBytes: offsetOf(plan, leg) }));
    const ranges = [...rangesOf(geometry, plan.sampleShare, start)];
    const bytesToCompare = ranges.reduce((sum, range) => sum + range.end - range.start, start);
    const watch = new ComparisonWatch(outside, plan, subject, comparison, start, bytesToCompare);
    for await (const stretch of scanLegs(legs, ranges)) {
      comparison.note(comparable(stretch));
      watch.passed(stretch);
    }
    watch.finish();
    return { comparison, modifiedAtMs: devices.map(lastChange) };
  } finally {
    plan.progress.end();
    closeDevices(devices);
  }
}

/** A block device's time stamp is that of its node in /dev. */
function lastChange({ kind, fd }: OpenDevice): number | null {
  return kind === 'file' ? fstatSync(fd).mtimeMs : null;
}

function offsetOf({ legs }: ComparisonPlan, leg: number): number {
  return legs[leg]?.offsetBytes ?? 0;
}

function* rangesOf(geometry: RegionGeometry, share: number | null, start: number) {
  if (share === null) {
    if (start < geometry.sizeBytes) yield { start, end: geometry.sizeBytes };
    return;
  }
  for (const region of sampledRegions(geometry.regionCount, share)) {
    const first = geometry.startOf(region);
    yield { start: first, end: first + geometry.lengthOf(region) };
  }
}

function comparable({ failure, ...stretch }: Stretch) {
  const words = failure === null ? null : `leg ${failure.leg}: ${failure.message}`;
  return { ...stretch, failure: words };
}

/** Shows the way made, keeps the receipt, and stops when it is told to. */
class ComparisonWatch {
  readonly #outside: Outside;
  readonly #plan: ComparisonPlan;
  readonly #subject: ReceiptSubject;
  readonly #comparison: LegComparison;
  readonly #pace: BytePace;
  #writtenAtMs: number;
  #reached: number;

  /** `start` of `bytesToCompare` were compared before. */
  constructor(
    outside: Outside,
    plan: ComparisonPlan,
    subject: ReceiptSubject,
    comparison: LegComparison,
    start: number,
    bytesToCompare: number,
  ) {
    const now = outside.now().getTime();
    this.#outside = outside;
    this.#plan = plan;
    this.#subject = subject;
    this.#comparison = comparison;
    this.#pace = new BytePace(bytesToCompare, start, now);
    this.#reached = start;
    this.#writtenAtMs = now;
  }

  /** Throws what the interruption says, once the receipt is written. */
  passed({ offset, length }: Stretch): void {
    this.#reached = offset + length;
    const now = this.#outside.now().getTime();
    this.#plan.progress.show(this.#pace.passed(length, now));
    const interruption = this.#outside.interruption();
    if (interruption.aborted || now - this.#writtenAtMs >= WRITE_EVERY_MS) this.#write(now);
    if (interruption.aborted) throw interruption.reason;
  }

  finish(): void {
    this.#reached = this.#comparison.geometry.sizeBytes;
    this.#write(this.#outside.now().getTime());
  }

  /** Only whole regions count as compared. */
  #write(now: number): void {
    this.#writtenAtMs = now;
    const { receiptPath } = this.#plan;
    if (receiptPath === null) return;
    const { sizeBytes, regionBytes } = this.#comparison.geometry;
    const complete = this.#reached === sizeBytes;
    const whole = this.#reached - (this.#reached % regionBytes);
    const receipt: VerifyReceipt = {
      schema: VERIFY_RECEIPT_SCHEMA,
      subject: this.#subject,
      comparedBytes: complete ? sizeBytes : whole,
      complete,
      runs: this.#comparison.runs,
    };
    replaceFile(receiptPath, `${JSON.stringify(receipt)}\n`);
  }
}

function subjectOf(
  plan: ComparisonPlan,
  geometry: RegionGeometry,
  devices: readonly OpenDevice[],
): ReceiptSubject {
  const { logPath, logBytes } = plan;
  return {
    logPath,
    logSha256: sha256Of(logBytes),
    sizeBytes: geometry.sizeBytes,
    regionSizeBytes: geometry.regionBytes,
    legs: devices.map(({ path, fd, sizeBytes }, leg) => ({
      ...{ path, offsetBytes: offsetOf(plan, leg), sizeBytes },
      modifiedAtMs: fstatSync(fd).mtimeMs,
    })),
  };
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Null: begin anew. Throws USAGE when the file is no receipt: it is not ours to overwrite. */
function readReceipt(
  file: string,
  subject: ReceiptSubject,
  outside: Outside,
): VerifyReceipt | null {
  const receipt = findReceipt(file);
  if (receipt === null) return null;
  const change = subjectChange(receipt.subject, subject);
  if (change !== null) outside.printAside(`${file}: ${change}; comparing from the start\n`);
  return change === null ? receipt : null;
}

/** Null when there is no such file. Throws USAGE when it is no receipt. */
export function findReceipt(file: string): VerifyReceipt | null {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new MirrorError(
      'USAGE',
      `cannot read the receipt ${file}: ${message}`,
      {},
      'name another file, which need not exist yet',
      cause,
    );
  }
  try {
    return readJson(source, verifyReceipt);
  } catch (fault) {
    const why = fault instanceof JsonFault || fault instanceof MirrorError ? fault.message : null;
    if (why === null) throw fault;
    const hint = 'give a file that does not exist yet, or one that log verify wrote';
    throw new MirrorError('USAGE', `${file} is no receipt: it ${why}`, { path: file }, hint);
  }
}
