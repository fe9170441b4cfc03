/** What is told of a session that no event of the engine tells: its begin, its end, the owner's orders. */
import type { MirrorError } from '../errors/mirror-error.ts';
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import type { MirrorChange } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { ActivationPlan } from './activation-plan.ts';
import type { Notice } from './event-words.ts';
import { notice } from './event-words.ts';
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
  const rest = outOfSync === 0 ? '' : `; ${formatRegions(outOfSync)} out of sync`;
  const text = `deactivated, the log is ${logClean ? 'clean' : 'not clean'}${rest}`;
  const fields = { outOfSync, logClean: logClean ? 'yes' : 'no' };
  return notice('deactivated', logClean ? 'good' : 'bad', text, fields);
}

export function changeNotice(change: Exclude<MirrorChange, { change: 'reattachLog' }>): Notice {
  return notice('changed', 'plain', changeWords(change), { change: change.change });
}

export function replacedNotice(path: string): Notice {
  const text = `leg ${path} was replaced, and is no leg any more`;
  return notice('changed', 'good', text, { change: 'legReplaced', path });
}

function changeWords(change: Exclude<MirrorChange, { change: 'reattachLog' }>): string {
  switch (change.change) {
    case 'addLeg':
      return `leg ${change.leg.path} was added`;
    case 'removeLeg':
      return `leg ${change.leg.path} was removed`;
    case 'replaceLeg':
      return `leg ${change.leg.path} is to be replaced by ${change.by.path}`;
    case 'setPrimary':
      return `leg ${change.leg.path} was made the primary`;
    case 'setReads':
      return `reads go by ${change.readPolicy} now`;
    case 'resize':
      return `the mirror has ${formatBytes(change.sizeBytes)} now`;
  }
}

export const COMMAND_NOTICES = {
  pauseRecovery: notice('recovery-paused', 'plain', 'recovery paused'),
  resumeRecovery: notice('recovery-resumed', 'plain', 'recovery resumed'),
  throttleRecovery: notice('recovery-throttled', 'plain', 'recovery throttle changed'),
} as const;
