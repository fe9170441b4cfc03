/** Comparing the legs for a log: a comparison made now, or the receipt of one that is complete. */
import { statSync } from 'node:fs';
import { MirrorError } from '../errors/mirror-error.ts';
import type { VerdictRun } from '../forensics/leg-comparison.ts';
import type { ExaminedLog } from '../forensics/log-excerpt.ts';
import { geometryFrom } from '../forensics/mirror-geometry.ts';
import type { ReceiptSubject } from '../forensics/verify-receipt.ts';
import { subjectChange } from '../forensics/verify-receipt.ts';
import type { ComparedLegs, ComparisonPlan } from './compare-legs.ts';
import type { Flags } from './given.ts';
import { chooseLegs } from './leg-choice.ts';
import type { LogInput } from './log-words.ts';
import type { Outside } from './outside.ts';
import { Progress } from './progress.ts';

/** Throws LEG_… when a leg cannot be opened, GEOMETRY_INVALID, INTERRUPTED, USAGE. */
export async function compareWithLog(
  outside: Outside,
  { excerpt, facts, spec }: Pick<LogInput, 'excerpt' | 'facts' | 'spec'>,
  log: ExaminedLog,
  legWords: readonly string[],
  flags: Flags,
  rest: Pick<ComparisonPlan, 'sampleShare' | 'receiptPath'>,
): Promise<ComparedLegs> {
  const { compareLegs } = await import('./compare-legs.ts');
  return await compareLegs(outside, {
    logPath: excerpt.path,
    logBytes: imageOf(log),
    cleanBits: log.state === 'foreign' ? null : log.cleanBits,
    sizeBytes: facts.sizeBytes,
    geometryIn: (roomBytes) => geometryFrom(log, facts, roomBytes),
    legs: chooseLegs(legWords, spec, outside.cwd),
    progress: new Progress(outside, flags, {
      ...{ name: 'compare', subject: excerpt.path, doing: 'comparing legs' },
    }),
    ...rest,
  });
}

/**
 * What a whole comparison of these very legs with this very log found. Throws USAGE where the receipt
 * is not that.
 */
export async function provenRuns(
  outside: Outside,
  { spec }: LogInput,
  log: ExaminedLog,
  legWords: readonly string[],
  file: string,
): Promise<readonly VerdictRun[]> {
  const { findReceipt, sha256Of } = await import('./compare-legs.ts');
  const receipt = findReceipt(file);
  const hint = 'compare again: mirrorctl log verify LOG --legs --receipt FILE';
  const refuse = (why: string) =>
    new MirrorError('USAGE', `${file} proves nothing: ${why}`, {}, hint);
  if (receipt === null) throw refuse('it does not exist');
  if (!receipt.complete) throw refuse('the comparison was not finished');
  const subject: ReceiptSubject = {
    ...receipt.subject,
    logPath: log.path,
    logSha256: sha256Of(imageOf(log)),
    legs: chooseLegs(legWords, spec, outside.cwd).map(({ path, offsetBytes }) => {
      const { size, mtimeMs } = statSync(path);
      return { path, offsetBytes, sizeBytes: size, modifiedAtMs: mtimeMs };
    }),
  };
  const change = subjectChange(receipt.subject, subject);
  if (change !== null) throw refuse(change);
  return receipt.runs;
}

function imageOf({ bytes, imageBytes }: ExaminedLog): Uint8Array {
  return bytes.subarray(0, imageBytes ?? bytes.length);
}
