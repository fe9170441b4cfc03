/**
 * A mirror in sentences, for whoever listens to the screen instead of looking at it: how it is, and
 * what has changed since it was last spoken of. No numbers that change all the time are announced:
 * recovery speaks at every tenth of its way. Pure.
 */
import type { LegStatus, MirrorStatus } from '../control-protocol/mirror-status.ts';
import { formatBytes } from '../geometry/size-words.ts';
import type { Snapshot } from '../watch/mirror-watch.ts';
import { regionsWord } from './screen-words.ts';

const HEALTH_WORDS: Readonly<Record<MirrorStatus['health'], string>> = {
  ok: 'well',
  degraded: 'degraded',
  failed: 'failed',
  unknown: 'in an unknown state',
};

/** Everything, most important first. */
export function spokenMirror({ link, problem, status }: Snapshot, name: string): string[] {
  if (link === 'lost') return [`The engine of ${name} does not answer.`, ...spokenProblem(problem)];
  if (status === null) return [`Waiting for the engine of ${name}.`];
  return [
    spokenHealth(status),
    ...spokenAttention(status),
    ...spokenRecovery(status),
    ...status.legs.map(spokenLeg),
    spokenLog(status),
  ];
}

export function spokenChange(before: Snapshot, after: Snapshot, name: string): string[] {
  if (after.link !== before.link) return spokenLink(before, after, name);
  const { status } = after;
  if (status === null) return [];
  const was = before.status;
  return [
    ...newEvents(before, after),
    ...(was?.health === status.health && was.activity === status.activity
      ? []
      : [spokenHealth(status)]),
    ...(withoutNumbers(was) === withoutNumbers(status) ? [] : spokenAttention(status)),
    ...(was === null || tenths(was) === tenths(status) ? [] : spokenRecovery(status)),
  ];
}

function spokenLink(before: Snapshot, after: Snapshot, name: string): string[] {
  const isBack = before.link === 'lost' && after.link === 'live';
  return [
    ...(isBack ? [`The engine of ${name} answers again.`] : []),
    ...spokenMirror(after, name),
  ];
}

function spokenProblem(problem: Snapshot['problem']): string[] {
  if (problem === null) return [];
  return [sentence(problem.message), ...(problem.hint === '' ? [] : [`Hint: ${problem.hint}.`])];
}

function newEvents(before: Snapshot, after: Snapshot): string[] {
  const last = before.events.at(-1)?.number ?? 0;
  return after.events.filter(({ number }) => number > last).map(({ text }) => sentence(text));
}

function spokenHealth({ name, health, activity }: MirrorStatus): string {
  const doing = activity === 'idle' ? '' : ` and ${activity}`;
  return `${name} is ${HEALTH_WORDS[health]}${doing}.`;
}

function spokenAttention({ attention: { status, action } }: MirrorStatus): string[] {
  if (status === '') return [];
  return [sentence(status), ...(action === '' ? [] : [`What to do: ${action}.`])];
}

/** The amounts in it change all the time. */
function withoutNumbers(status: MirrorStatus | null): string {
  return status?.attention.status.replaceAll(/[\d.,]+/g, '') ?? '';
}

function spokenRecovery({ recovery }: MirrorStatus): string[] {
  const { active, paused, bytesPerSecond, etaSeconds } = recovery;
  const percent = Math.floor(100 * doneShare(recovery));
  if (paused) return [`Recovery is paused at ${percent} percent.`];
  if (!active) return [];
  const rate = bytesPerSecond === null ? '' : `, at ${formatBytes(bytesPerSecond)} a second`;
  const toGo = etaSeconds === null ? '' : `, ${spokenDuration(etaSeconds)} to go`;
  return [`Recovery is ${percent} percent done${rate}${toGo}.`];
}

function tenths({ recovery }: MirrorStatus): number {
  return Math.floor(10 * doneShare(recovery));
}

function doneShare({ doneRegions, totalRegions }: MirrorStatus['recovery']): number {
  return Math.min(1, (doneRegions ?? 0) / Math.max(1, totalRegions));
}

function spokenLeg({ index, path, primary, state, ...errors }: LegStatus): string {
  const { readErrors, writeErrors, syncErrors, flushErrors } = errors;
  const counts = { read: readErrors, write: writeErrors, sync: syncErrors, flush: flushErrors };
  const failed = Object.entries(counts)
    .filter(([, count]) => count !== null && count > 0)
    .map(([what, count]) => `${count} ${what} ${count === 1 ? 'error' : 'errors'}`);
  const faults = failed.length === 0 ? '' : `, with ${failed.join(', ')}`;
  return `Leg ${index}, ${path}, is ${primary ? 'the primary and ' : ''}${state}${faults}.`;
}

function spokenLog({ log, dirtyRegions }: MirrorStatus): string {
  const where = log.path === null ? 'in memory' : log.path;
  const dirty = dirtyRegions === null ? '' : `; dirty: ${regionsWord(dirtyRegions)}`;
  return `The log, ${where}, is ${log.state}${dirty}.`;
}

/** `1 hour 3 minutes`, `1 minute 34 seconds`, `8 seconds`: the two largest parts. */
export function spokenDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ] as const;
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return said.slice(0, 2).join(' ') || 'no time';
}

function sentence(text: string): string {
  const [first = '', ...rest] = text;
  const begun = first.toUpperCase() + rest.join('');
  return /[.?!]$/.test(begun) ? begun : `${begun}.`;
}
