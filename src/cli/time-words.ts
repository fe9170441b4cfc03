/**
 * Moments in the past as people write them:
 *
 *   2026-11-22T16:00:00Z  2026-11-22 16:00  2026-11-22      without a zone: local time
 *   16:00  16:00:30  today  yesterday                       local; a day is its midnight
 *   -90s  -15m  -2h  -3d  -1w  now                          before now
 */
import { MirrorError } from '../errors/mirror-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 24 * 3_600_000,
  w: 7 * 24 * 3_600_000,
};

/** Throws USAGE. */
export function parseTime(word: string, now: Date): Date {
  const found = relative(word, now) ?? ofDay(word, now) ?? absolute(word);
  if (found !== null && !Number.isNaN(found.getTime())) return found;
  const hint = 'write 2026-11-22T16:00:00Z, 2026-11-22, 16:00, -2h, today or yesterday';
  throw new MirrorError('USAGE', `${word} is no time`, { value: word }, hint);
}

function relative(word: string, now: Date): Date | null {
  if (word === 'now') return now;
  const [, amount, unit] = /^-(\d+(?:\.\d+)?)([smhdw])$/.exec(word) ?? [];
  if (amount === undefined || unit === undefined) return null;
  return new Date(now.getTime() - Number(amount) * (UNIT_MS[unit] ?? 0));
}

function ofDay(word: string, now: Date): Date | null {
  const [, hours, minutes, seconds = '0'] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(word) ?? [];
  const isTime = hours !== undefined && Number(hours) < 24;
  const daysBack = ['today', 'yesterday'].indexOf(word);
  if (!isTime && daysBack < 0) return null;
  const day = new Date(now);
  day.setDate(day.getDate() - Math.max(0, daysBack));
  day.setHours(Number(hours ?? 0), Number(minutes ?? 0), Number(isTime ? seconds : 0), 0);
  return day;
}

/** The engine's parser reads much more than this, and means by it what nobody expects. */
function absolute(word: string): Date | null {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i;
  const [, date, time = '00:00', zone = ''] = form.exec(word) ?? [];
  return date === undefined ? null : new Date(`${date}T${time}${zone.toUpperCase()}`);
}
