/**
 * An md bitmap for people: the lines of `mdadm -X`, which they know, and then what that does not show:
 * which chunks are dirty.
 */

import type { MdBitmap } from './md-bitmap.ts';
import { formatRanges } from './region-ranges.ts';

const STALE = 2;

export function describeMdBitmap(bitmap: MdBitmap): string[] {
  const { chunkCount, dirtyChunks, dirtyRuns, missingChunks, syncSizeBytes } = bitmap;
  const share = oneDecimal((100 * (dirtyChunks ?? 0)) / (chunkCount ?? 1));
  return [
    line('Filename', bitmap.path),
    line('Magic', '6d746962'),
    line('Version', String(bitmap.version)),
    line('UUID', bitmap.uuid),
    line('Events', String(bitmap.events)),
    line('Events Cleared', String(bitmap.eventsCleared)),
    line('State', (bitmap.state & STALE) === 0 ? 'OK' : 'Out of date'),
    line('Chunksize', chunkWords(bitmap.chunkBytes)),
    line('Daemon', `${bitmap.flushSeconds}s flush period`),
    line(
      'Write Mode',
      bitmap.writeBehind === 0 ? 'Normal' : `Allow write behind, max ${bitmap.writeBehind}`,
    ),
    line('Sync Size', `${syncSizeBytes / 1024}${bothWords(syncSizeBytes)}`),
    line('Bitmap', `${chunkCount} bits (chunks), ${dirtyChunks} dirty (${share}%)`),
    ...(dirtyRuns.length === 0 ? [] : [line('Dirty', `chunks ${formatRanges(dirtyRuns)}`)]),
    ...(missingChunks === 0 ? [] : [line('Missing', `the bits of ${missingChunks} chunks`)]),
  ];
}

/** Halves go to the even digit, as C's printf has it. */
function oneDecimal(value: number): string {
  const down = Math.floor(value * 10);
  const rest = value * 10 - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 === 1);
  return ((up ? down + 1 : down) / 10).toFixed(1);
}

function line(label: string, text: string): string {
  return `${label.padStart(16)} : ${text}`;
}

function chunkWords(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes / 1024} KB` : `${bytes / 2 ** 20} MB`;
}

/** From 5000 KiB on, in powers of 1024 and of 1000. */
function bothWords(bytes: number): string {
  if (bytes < 5000 * 1024) return '';
  const [binary, decimal] = bytes < 2 ** 31 ? ['MiB', 'MB'] : ['GiB', 'GB'];
  const [one, other] = bytes < 2 ** 31 ? [2 ** 20, 1e6] : [2 ** 30, 1e9];
  return ` (${(bytes / one).toFixed(2)} ${binary} ${(bytes / other).toFixed(2)} ${decimal})`;
}
