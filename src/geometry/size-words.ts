/**
 * Sizes, rates and durations as people write and read them.
 *
 *   512k  2MiB  1.5G     powers of 1024, whole bytes only
 *   2048s                512-byte sectors, as dm counts
 *   67108864             bytes
 *   10kb                 refused: 1000 or 1024?
 *
 * Parsing is exact: the number is never a float before it is known to be whole.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { ByteCount } from './units.ts';
import { byteCount, SECTOR_BYTES } from './units.ts';

const UNITS = ['', 'k', 'm', 'g', 't', 'p', 'e'] as const;
const UNIT_WORDS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const SIZE = /^(\d+)(?:\.(\d+))?\s?(s|[kmgtpe](?:i?b)?|b)?$/i;

/** Throws SIZE_MALFORMED; `what` names the place, as in `--region-size`. */
export function parseSize(text: string, what: string): ByteCount {
  const match = SIZE.exec(text.trim());
  const [, whole = '', fraction = '', unit = ''] = match ?? [];
  const word = unit.toLowerCase();
  if (match === null) {
    throw malformed(text, what, 'is no size', 'write 512k, 2MiB, 1.5G, 2048s or plain bytes');
  }
  if (/^[kmgtpe]b$/.test(word)) {
    const binary = `${whole}${unit.slice(0, 1)}iB`;
    throw malformed(text, what, 'could be powers of 1000 or of 1024', `write ${binary} for 1024`);
  }
  const factor = word === 's' ? BigInt(SECTOR_BYTES) : 1024n ** BigInt(exponentOf(word));
  const scaled = BigInt(whole + fraction) * factor;
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) {
    throw malformed(text, what, 'is not a whole number of bytes', 'use a smaller unit');
  }
  const bytes = scaled / divisor;
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw malformed(text, what, 'is more than 8 PiB', 'give a smaller size');
  }
  return byteCount(Number(bytes));
}

function exponentOf(word: string): number {
  return word === 'b' ? 0 : UNITS.indexOf(word.slice(0, 1) as (typeof UNITS)[number]);
}

function malformed(text: string, what: string, why: string, hint: string): MirrorError {
  return new MirrorError('SIZE_MALFORMED', `${what} '${text}' ${why}`, { value: text }, hint);
}

export function formatRegions(count: number): string {
  return count === 1 ? '1 region' : `${count} regions`;
}

/** `2.8 GiB`, `512 KiB`, `17 bytes`: one decimal below ten thousand, none where it would be .0. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // As it will be shown: 1023.99 of a unit would read 1024.
  while (Math.round(value * 10) >= 10_240 && unit < UNIT_WORDS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = Number.isInteger(value) ? String(value) : value.toFixed(1);
  return `${digits.replace(/\.0$/, '')} ${UNIT_WORDS[unit]}`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** `0:00:13`, hours unbounded; fractions of a second count as a whole one. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
