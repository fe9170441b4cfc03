/**
 * How far a long job is, as a line with a bar, as a line without one, and as JSON. Pure.
 *
 *   m0: recovering  ━━━━━━━━━━━━──────────────────  41.3 % of 4 GiB, 212 MiB/s, 0:00:13 to go
 *   m0: recovering: 41.3 % of 4 GiB, 212 MiB/s, 0:00:13 to go
 *   {"schema":"mirrorctl.progress/1","job":"recovery","mirror":"m0","doneBytes":…}
 *
 * A line with a bar is never wider than the terminal: the bar gives way first, then the words from the
 * right, because what is done matters more than what is guessed.
 */
import { formatBytes, formatDuration, formatRate } from '../geometry/size-words.ts';

/** Unknown is null. `doneBytes` is at most `totalBytes`. */
export interface JobReading {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export interface Job {
  /** For programs: `recovery`, `compare`, `carve`. */
  readonly name: string;
  /** The mirror or file that is worked on. */
  readonly subject: string;
  /** For people: `recovering`, `comparing legs`. */
  readonly doing: string;
}

/** How a bar is drawn; `colours` are SGR sequences, or empty. */
export interface BarLook {
  readonly done: string;
  readonly left: string;
  readonly colours: readonly [done: string, left: string, end: string];
}

export const PROGRESS_SCHEMA = 'mirrorctl.progress/1';
const BAR_MIN = 8;
const BAR_MAX = 40;
const GAP = '  ';

export function progressJson({ name, subject }: Job, reading: JobReading): string {
  const { bytesPerSecond, etaSeconds } = reading;
  return JSON.stringify({
    schema: PROGRESS_SCHEMA,
    job: name,
    subject,
    doneBytes: reading.doneBytes,
    totalBytes: reading.totalBytes,
    bytesPerSecond: bytesPerSecond === null ? null : Math.round(bytesPerSecond),
    etaSeconds: etaSeconds === null ? null : Math.ceil(etaSeconds),
  });
}

export function progressLine(job: Job, reading: JobReading): string {
  return `${job.subject}: ${job.doing}: ${wordsOf(reading).join(', ')}`;
}

/**
 * At most `width` columns, colours not counted. `reserved` columns are kept for the words, so that the
 * bar keeps its length while the words change theirs.
 */
export function barLine(
  job: Job,
  reading: JobReading,
  width: number,
  reserved: number,
  look: BarLook,
): string {
  const title = `${job.subject}: ${job.doing}`;
  const words = wordsOf(reading);
  const room = Math.min(BAR_MAX, width - title.length - reserved - 2 * GAP.length);
  if (room >= BAR_MIN) return `${title}${GAP}${bar(reading, room, look)}${GAP}${words.join(', ')}`;
  const fitting = words.findLastIndex(
    (_, last) => `${title}: ${words.slice(0, last + 1).join(', ')}`.length <= width,
  );
  return `${title}: ${words.slice(0, Math.max(0, fitting) + 1).join(', ')}`.slice(0, width);
}

export function wordsWidth(reading: JobReading): number {
  return wordsOf(reading).join(', ').length;
}

function bar({ doneBytes, totalBytes }: JobReading, width: number, look: BarLook): string {
  const full = Math.floor(shareOf(doneBytes, totalBytes) * width);
  const [done, left, end] = look.colours;
  return `${done}${look.done.repeat(full)}${left}${look.left.repeat(width - full)}${end}`;
}

/** What matters most comes first. */
function wordsOf({ doneBytes, totalBytes, bytesPerSecond, etaSeconds }: JobReading): string[] {
  return [
    `${sharePercent(doneBytes, totalBytes)} of ${formatBytes(totalBytes)}`,
    ...(bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)]),
    ...(etaSeconds === null ? [] : [`${formatDuration(etaSeconds)} to go`]),
  ];
}

/** `30.0 %`; 100.0 only when everything is done. */
export function sharePercent(done: number, total: number): string {
  const share = shareOf(done, total);
  const tenths = share === 1 ? 1000 : Math.min(999, Math.floor(share * 1000));
  return `${(tenths / 10).toFixed(1)} %`;
}

/** 0 to 1; nothing to do is all done. */
export function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(Math.max(done / total, 0), 1);
}
