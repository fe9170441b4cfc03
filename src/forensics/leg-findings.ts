/**
 * Findings of the level `legs`: what comparing the legs' data says about the log's bits.
 *
 * A region that is clean although the legs differ is critical, also where the difference looks like a
 * discard: a leg that never got the data looks the same, and which of the two it is only the owner
 * can tell.
 */
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { Finding } from './finding.ts';
import type { Verdict, VerdictRun } from './leg-comparison.ts';
import { bytesOfRun } from './leg-comparison.ts';
import type { LegDifference } from './leg-difference.ts';

type Words = Pick<Finding, 'id' | 'severity' | 'confidence' | 'kernel'> & {
  readonly says: (run: VerdictRun) => string;
};

const WORDS: Readonly<Record<Verdict, Words>> = {
  'clean-different': {
    ...{ id: 'LOG_CLEAN_BUT_DIFFERENT', severity: 'critical', confidence: 'certain' },
    kernel: 'copies nothing there, and reads return whichever leg it asks',
    says: ({ difference }) => `the log says clean, but ${differenceWords(difference)}`,
  },
  'clean-one-sided': {
    ...{ id: 'LOG_CLEAN_BUT_ONE_SIDED', severity: 'critical', confidence: 'possible' },
    kernel: 'copies nothing there, and reads return whichever leg it asks',
    says: ({ difference }) =>
      `the log says clean, but ${differenceWords(difference)}, with zeroes on one side only: a possible discard, which a kernel does not track, or data that never arrived`,
  },
  'dirty-equal': {
    ...{ id: 'LOG_DIRTY_BUT_EQUAL', severity: 'info', confidence: 'certain' },
    kernel: 'copies it needlessly',
    says: () => 'the log says dirty, but the legs are equal: a copy that changes nothing',
  },
  'dirty-different': {
    ...{ id: 'LOG_DIRTY_AND_DIFFERENT', severity: 'info', confidence: 'certain' },
    kernel: 'copies the default mirror over the others, whichever is newer',
    says: ({ difference }) => `the log says dirty, and ${differenceWords(difference)}`,
  },
  unreadable: {
    ...{ id: 'LEG_UNREADABLE', severity: 'critical', confidence: 'certain' },
    kernel: null,
    says: ({ failure }) => `could not be compared: ${failure}`,
  },
};

export function legFindings(runs: readonly VerdictRun[], geometry: RegionGeometry): Finding[] {
  return runs.map((run) => {
    const { says, ...words } = WORDS[run.verdict];
    return {
      ...words,
      region: run.first,
      regionCount: run.count,
      bytes: bytesOfRun(run, geometry),
      message: says(run),
      evidence: null,
    };
  });
}

function differenceWords(difference: LegDifference | null): string {
  if (difference === null) return 'the legs differ';
  const { legs, sectors, firstByte } = difference;
  const which = legs.length === 1 ? `leg ${legs[0]} differs` : `legs ${legs.join(', ')} differ`;
  const how = sectors === 1 ? '1 sector' : `${sectors} sectors`;
  return `${which} from leg 0 in ${how}, first at byte ${firstByte}`;
}
