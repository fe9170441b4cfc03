/** What happened, in words: for people a sentence, for scripts a name and fields. */

import type { CheckTally } from '../control-protocol/check-report.ts';
import { isSound } from '../control-protocol/check-report.ts';
import type { EngineEvent } from '../control-protocol/control-request.ts';
import type { EventFields, EventName } from '../control-protocol/event-names.ts';
import type { MirrorEvent } from '../engine/effect.ts';
import { formatRegions } from '../geometry/size-words.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';

type Severity = EngineEvent['kind'];

/** An event before it has a number and a time. */
export interface Notice {
  readonly event: EventName;
  readonly kind: Severity;
  readonly text: string;
  readonly fields: EventFields;
}

export function notice(
  event: EventName,
  kind: Severity,
  text: string,
  fields: EventFields = {},
): Notice {
  return { event, kind, text, fields };
}

const FAULT_WORDS = {
  read: 'a read failed',
  write: 'a write failed',
  sync: 'recovery failed',
  flush: 'a flush failed',
} as const;

/** `legs` as they were defined when it happened. */
export function noticeOf(event: MirrorEvent, legs: MirrorSpec['legs']): Notice {
  if ('tally' in event) return checkNotice(event);
  if ('leg' in event) return legNotice(event, legs[event.leg]?.path ?? '');
  switch (event.event) {
    case 'inSync':
      return notice('in-sync', 'good', 'all regions are in sync');
    case 'logReattached':
      return notice('log-reattached', 'good', 'the dirty log is written again');
    case 'logFailed': {
      const words = 'the dirty log cannot be written; the next activation will copy everything';
      return notice('log-failed', 'bad', words);
    }
    case 'recoveryStarted': {
      const { regions } = event;
      return notice('recovery-started', 'plain', `${formatRegions(regions)} to copy`, { regions });
    }
    case 'recoveryStalled': {
      const { regions } = event;
      const words = `recovery copies nothing; ${formatRegions(regions)} left`;
      return notice('recovery-stalled', 'bad', words, { regions });
    }
    case 'mismatch': {
      const { region } = event;
      const { offset, length } = event.difference;
      const words = `the legs differ in region ${region}, ${length} bytes from byte ${offset} on`;
      return notice('mismatch', 'bad', words, { region, offset, length });
    }
    case 'unreadable': {
      const { region, legs: unread } = event;
      const words = `region ${region} cannot be read from ${unread.map((leg) => legs[leg]?.path)}`;
      return notice('unreadable', 'bad', words, { region, legs: unread.join() });
    }
  }
}

function legNotice(event: Extract<MirrorEvent, { leg: unknown }>, path: string): Notice {
  const { leg } = event;
  const name = `leg ${path}`;
  switch (event.event) {
    case 'legFailed': {
      const { fault } = event;
      return notice('leg-failed', 'bad', `${name}: ${FAULT_WORDS[fault]}`, { leg, path, fault });
    }
    case 'primaryMoved':
      return notice('primary-moved', 'warning', `${name} is the primary now`, { leg, path });
    case 'legOut':
      return event.isLate
        ? notice('leg-timeout', 'bad', `${name} does not answer: out of service`, { leg, path })
        : notice('leg-out', 'warning', `${name} is out of service`, { leg, path });
    case 'legIn':
      return notice('leg-in', 'good', `${name} is in service again`, { leg, path });
    case 'repair': {
      const { region } = event;
      const words = `${name}: region ${region} could not be read there, and is rewritten`;
      return notice('leg-repair', 'warning', words, { leg, path, region });
    }
  }
}

const CHECK_TURNS = {
  checkStarted: ['check-started', 'begins at'],
  checkRefused: ['check-stopped', 'cannot begin at'],
  checkStopped: ['check-stopped', 'stopped at'],
} as const;

function checkNotice({ event, next, tally }: Extract<MirrorEvent, { tally: unknown }>): Notice {
  const fields = { next, ...tally };
  if (event === 'checkFinished') {
    const kind = isSound(tally) ? 'good' : 'bad';
    return notice('check-finished', kind, `the check is done: ${tallyWords(tally)}`, fields);
  }
  const [name, does] = CHECK_TURNS[event];
  return notice(name, 'plain', `the check ${does} region ${next}`, fields);
}

export function tallyWords({
  compared,
  different,
  unreadable,
  skipped,
  repaired,
}: CheckTally): string {
  return [
    `${formatRegions(compared)} compared`,
    different === 0 ? 'no difference' : `${different} differ`,
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
    ...(skipped > 0 ? [`${skipped} left out`] : []),
    ...(repaired > 0 ? [`${repaired} to be repaired`] : []),
  ].join(', ');
}
