/**
 * What is written down while the legs are compared: it lets an interrupted comparison go on, and once
 * complete it is the proof that `log repair` asks for before it sets a region clean.
 *
 * A receipt is only good for the very log and legs it was written for; whoever uses one compares
 * `subject`, which names the log by its bytes and the legs by size and time of the last change.
 */
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { byteCount } from '../geometry/units.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  amount,
  converted,
  count,
  flag,
  JsonFault,
  listOf,
  nullable,
  object,
  oneOf,
  text,
} from '../json/json-shape.ts';
import type { VerdictRun } from './leg-comparison.ts';
import { VERDICTS } from './leg-comparison.ts';
import type { LegDifference } from './leg-difference.ts';

export const VERIFY_RECEIPT_SCHEMA = 'mirrorctl.log-receipt/1';

export interface ReceiptLeg {
  readonly path: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface ReceiptSubject {
  readonly logPath: string;
  /** Of the log's header and bits. */
  readonly logSha256: string;
  readonly sizeBytes: number;
  readonly regionSizeBytes: number;
  readonly legs: readonly ReceiptLeg[];
}

export interface VerifyReceipt {
  readonly schema: typeof VERIFY_RECEIPT_SCHEMA;
  readonly subject: ReceiptSubject;
  /** Bytes of the mirror from its start on, whole regions. */
  readonly comparedBytes: number;
  readonly complete: boolean;
  readonly runs: readonly VerdictRun[];
}

const difference = object<LegDifference>(
  { firstByte: count, legs: listOf(count), sectors: count, oneSided: flag },
  'refuse',
);

const shape = object<VerifyReceipt>(
  {
    schema: oneOf(VERIFY_RECEIPT_SCHEMA),
    subject: object<ReceiptSubject>(
      {
        ...{ logPath: text, logSha256: text, sizeBytes: count, regionSizeBytes: count },
        legs: listOf(
          object<ReceiptLeg>(
            { path: text, offsetBytes: count, sizeBytes: count, modifiedAtMs: amount },
            'refuse',
          ),
          { min: 2 },
        ),
      },
      'refuse',
    ),
    comparedBytes: count,
    complete: flag,
    runs: listOf(
      object<VerdictRun>(
        {
          ...{ verdict: oneOf(...VERDICTS), first: count, count },
          ...{ difference: nullable(difference), failure: nullable(text) },
        },
        'refuse',
      ),
    ),
  },
  'refuse',
);

export const verifyReceipt: Reader<VerifyReceipt> = converted(shape, (receipt) => {
  const { subject, comparedBytes, complete, runs } = receipt;
  const size = byteCount(subject.sizeBytes);
  const geometry = RegionGeometry.of(size, byteCount(subject.regionSizeBytes));
  const boundary = comparedBytes === size || comparedBytes % geometry.regionBytes === 0;
  if (comparedBytes > size || !boundary)
    throw new JsonFault('comparedBytes', 'is no end of a region');
  if (complete !== (comparedBytes === size))
    throw new JsonFault('complete', 'contradicts comparedBytes');
  let end = 0;
  for (const [index, run] of runs.entries()) {
    if (run.first < end || run.count === 0)
      throw new JsonFault(`runs[${index}]`, 'is out of order');
    end = run.first + run.count;
  }
  if (end * geometry.regionBytes >= comparedBytes + geometry.regionBytes) {
    throw new JsonFault('runs', 'go further than what was compared');
  }
  return receipt;
});

/** In what the receipt's subject is another than this one, in words; null: the same. */
export function subjectChange(was: ReceiptSubject, is: ReceiptSubject): string | null {
  if (was.logSha256 !== is.logSha256) return `the log ${is.logPath} has changed`;
  if (was.sizeBytes !== is.sizeBytes || was.regionSizeBytes !== is.regionSizeBytes) {
    return 'it was for another mirror size or region size';
  }
  if (was.legs.length !== is.legs.length) return `it was for ${was.legs.length} legs`;
  const changed = is.legs.find((leg, index) => {
    const before = was.legs[index];
    return before === undefined || !sameLeg(before, leg);
  });
  return changed === undefined ? null : `the leg ${changed.path} is another or has changed`;
}

function sameLeg(one: ReceiptLeg, other: ReceiptLeg): boolean {
  return (
    one.path === other.path &&
    one.offsetBytes === other.offsetBytes &&
    one.sizeBytes === other.sizeBytes &&
    one.modifiedAtMs === other.modifiedAtMs
  );
}
