/** What is told of a session that no event of the engine tells: its begin, its end, the owner's orders. */
import type { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { ActivationPlan } from './activation-plan.ts';
import type { Notice } from './event-words.ts';
import { counted, notice } from './event-words.ts';
import type { StopReport } from './worker-messages.ts';

/** Clients are served; and what is wrong already. */
export function beginNotices(
  { session, copyRegions, reason }: ActivationPlan,
  exports: readonly string[],
  missing: ReadonlyMap<number, MirrorError>,
  legs: MirrorSpec['legs'],
): Notice[] {
  const fields = { session, copyRegions, reason };
  const served = notice('activated', 'good', `serving ${exports.join(' ')}`, fields);
  const gone = [...missing].map(([leg, { message }]) =>
    notice('degraded', 'bad', message, { leg, path: legs[leg]?.path ?? '' }),
  );
  return [served, ...gone];
}

export function stopNotice({ logClean, outOfSync }: StopReport): Notice {
  const rest = outOfSync === 0 ? '' : `; ${counted(outOfSync)} out of sync`;
  const text = `deactivated, the log is ${logClean ? 'clean' : 'not clean'}${rest}`;
  const fields = { outOfSync, logClean: logClean ? 'yes' : 'no' };
  return notice('deactivated', logClean ? 'good' : 'bad', text, fields);
}

export const COMMAND_NOTICES = {
  pauseRecovery: notice('recovery-paused', 'plain', 'recovery paused'),
  resumeRecovery: notice('recovery-resumed', 'plain', 'recovery resumed'),
  throttleRecovery: notice('recovery-throttled', 'plain', 'recovery throttle changed'),
} as const;
