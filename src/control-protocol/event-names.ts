/**
 * What can happen to a mirror, by name: the `event` of each event, and what `activate --on` may wait
 * for. A name is never given another meaning.
 */
export const EVENT_NAMES = [
  'activated',
  /** At the start already: a leg is missing. */
  'degraded',
  'deactivated',
  'leg-failed',
  'leg-out',
  /** It does not answer, and is out of service until it does. */
  'leg-timeout',
  'leg-in',
  /** What could not be read of a leg is rewritten. */
  'leg-repair',
  'primary-moved',
  'log-failed',
  'log-reattached',
  'recovery-started',
  'recovery-paused',
  'recovery-resumed',
  'recovery-throttled',
  /** Nothing could be copied for a while, though there is something to copy. */
  'recovery-stalled',
  'in-sync',
  'check-started',
  'check-paused',
  'check-resumed',
  'check-stopped',
  'check-finished',
  /** The report of a check could not be written. */
  'check-unkept',
  /** A check found legs that differ. */
  'mismatch',
  /** A check could not read a leg. */
  'unreadable',
  /** The mirror's definition was changed while it is active. */
  'changed',
  /** What a log on disk says will happen at the next activation. */
  'outlook',
  /** The history of the dirty log could not be written, and is not kept any more. */
  'history-ended',
  /** A command of `--on` failed, took too long, or was dropped. */
  'hook-failed',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** A command that is told of its own failure would fail again and again. */
export const HOOK_EVENTS: readonly EventName[] = EVENT_NAMES.filter(
  (name) => name !== 'hook-failed' && name !== 'outlook',
);

/** What an event is about: leg, region, counts. */
export type EventFields = Readonly<Record<string, string | number>>;
