/**
 * An honest word about how long recovery will take. One number is never the truth: the recent rate
 * says what happens now, the mean what happened since somebody watched, and when nothing moves or
 * things get worse, no number at all is the right one.
 *
 *   idle        nothing is out of sync          paused       somebody said so
 *   running     regions come into sync          stalled      none did for STALLED_SECONDS
 *   diverging   more fall out of sync than come back, over WINDOW_SECONDS
 */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { Sample } from './sample.ts';

const STALLED_SECONDS = 8;
const WINDOW_SECONDS = 20;

export type Pace = 'idle' | 'paused' | 'running' | 'stalled' | 'diverging';

export interface RecoveryOutlook {
  readonly pace: Pace;
  /** 0 to 1; null: unknown. */
  readonly doneShare: number | null;
  readonly recentEtaSeconds: number | null;
  readonly meanBytesPerSecond: number | null;
  readonly meanEtaSeconds: number | null;
}

export function recoveryOutlook(
  { recovery, activity, regionSizeBytes }: MirrorStatus,
  samples: readonly Sample[],
): RecoveryOutlook {
  const { doneRegions, totalRegions, etaSeconds } = recovery;
  const left = doneRegions === null ? null : Math.max(0, totalRegions - doneRegions);
  const meanBytesPerSecond = activity === 'recovering' ? meanRate(samples, regionSizeBytes) : null;
  const pace = paceOf(activity, left, samples);
  const moves = pace === 'running';
  return {
    pace,
    doneShare: doneRegions === null ? null : clamped(doneRegions / Math.max(1, totalRegions)),
    recentEtaSeconds: moves ? etaSeconds : null,
    meanBytesPerSecond,
    meanEtaSeconds:
      moves && left !== null && meanBytesPerSecond !== null && meanBytesPerSecond > 0
        ? (left * regionSizeBytes) / meanBytesPerSecond
        : null,
  };
}

function paceOf(
  activity: MirrorStatus['activity'],
  left: number | null,
  samples: readonly Sample[],
): Pace {
  if (activity === 'paused') return 'paused';
  if (activity !== 'recovering' || left === 0) return 'idle';
  if (gain(samples, WINDOW_SECONDS) < 0) return 'diverging';
  return gain(samples, STALLED_SECONDS) <= 0 ? 'stalled' : 'running';
}

/** Regions gained over the last `seconds`; 1 (hope) while less than that has been watched. */
function gain(samples: readonly Sample[], seconds: number): number {
  const last = samples.at(-1);
  if (last === undefined) return 1;
  const first = samples.findLast(({ at }) => last.at - at >= seconds);
  return first === undefined ? 1 : last.inSyncRegions - first.inSyncRegions;
}

function meanRate(samples: readonly Sample[], regionBytes: number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < 1) return null;
  return Math.max(
    0,
    ((last.inSyncRegions - first.inSyncRegions) * regionBytes) / (last.at - first.at),
  );
}

function clamped(share: number): number {
  return Math.max(0, Math.min(1, share));
}
