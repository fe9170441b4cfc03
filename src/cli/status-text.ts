/**
 * A mirror's status as people read it, in the manner of `zpool status`: what is wrong, what to do about
 * it, how far recovery is, and every leg with its error counts.
 *
 *     mirror: m0
 *      state: DEGRADED, recovering
 *     status: leg b.img failed a write; …
 *     action: check b.img, then …
 *   recovery: 30.0 % of 4.0 GiB, 212 MiB/s, 0:00:13 to go
 *      check: finished 2026-11-22T18:55:23Z, no difference
 *       legs: INDEX  LEG    STATE  READ  WRITE  SYNC  FLUSH
 *             0      a.img  alive     0      0     0      0  primary
 *        log: disk m0.log, 128 regions of 512 KiB, 124 clean
 */
import type { LegStatus, MirrorStatus } from '../control-protocol/mirror-status.ts';
import { EXIT } from '../errors/mirror-error.ts';
import { formatBytes, formatDuration, formatRate, formatRegions } from '../geometry/size-words.ts';
import { checkSummary } from './check-words.ts';
import { printable } from './failure-report.ts';
import type { Listed } from './observe.ts';
import { sharePercent } from './progress-words.ts';
import { tableLines } from './text-layout.ts';

const LABEL_WIDTH = 'recovery'.length;

export function describeStatus(status: MirrorStatus): string[] {
  const { attention } = status;
  return [
    labelled('mirror', status.name),
    labelled('state', stateOf(status)),
    ...(attention.status === '' ? [] : [labelled('status', attention.status)]),
    ...(attention.action === '' ? [] : [labelled('action', attention.action)]),
    ...(status.recovery.active || status.recovery.paused
      ? [labelled('recovery', recoveryOf(status))]
      : []),
    ...(status.check === null ? [] : [labelled('check', checkSummary(status.check))]),
    ...legLines(status.legs),
    labelled('log', logOf(status)),
    ...status.exports.map((uri) => labelled('export', uri)),
  ];
}

export function describeListed(listed: Listed): string[] {
  if ('status' in listed) return describeStatus(listed.status);
  const { name, fault } = listed;
  return [
    labelled('mirror', name),
    labelled('state', fault.exitCode === EXIT.badConfig ? 'INVALID' : 'UNKNOWN'),
    labelled('status', `${fault.message} [${fault.code}]`),
    ...(fault.hint === '' ? [] : [labelled('action', fault.hint)]),
  ];
}

function labelled(label: string, text: string): string {
  return `${label.padStart(LABEL_WIDTH)}: ${printable(text)}`;
}

function stateOf({ active, health, activity, pid }: MirrorStatus): string {
  const doing = activity === 'idle' ? '' : `, ${activity}`;
  const where = active ? (pid === null ? '' : ` (process ${pid})`) : ', not active';
  return `${health.toUpperCase()}${doing}${where}`;
}

export function recoveryOf({ recovery, sizeBytes }: MirrorStatus): string {
  const { doneRegions, totalRegions, bytesPerSecond, etaSeconds, paused, throttle } = recovery;
  return [
    `${doneRegions === null ? 'unknown' : sharePercent(doneRegions, totalRegions)} of ${formatBytes(sizeBytes)}`,
    ...(bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)]),
    ...(etaSeconds === null ? [] : [`${formatDuration(etaSeconds)} to go`]),
    ...(paused ? ['paused'] : []),
    ...(throttle === null ? [] : [`throttled to ${describeThrottle(throttle)}`]),
  ].join(', ');
}

export function describeThrottle(
  throttle: NonNullable<MirrorStatus['recovery']['throttle']>,
): string {
  return 'percent' in throttle
    ? `${throttle.percent} % of the time`
    : formatRate(throttle.bytesPerSecond);
}

function legLines(legs: readonly LegStatus[]): string[] {
  const count = (errors: number | null) => (errors === null ? '-' : String(errors));
  const rows = legs.map((leg) => [
    String(leg.index),
    printable(leg.offsetBytes === 0 ? leg.path : `${leg.path}@${leg.offsetBytes}`),
    leg.state,
    ...[leg.readErrors, leg.writeErrors, leg.syncErrors, leg.flushErrors].map(count),
    leg.primary ? 'primary' : '',
  ]);
  const head = ['INDEX', 'LEG', 'STATE', 'READ', 'WRITE', 'SYNC', 'FLUSH', ''];
  const numbers = ['right', 'right', 'right', 'right'] as const;
  const lines = tableLines([head, ...rows], ['left', 'left', 'left', ...numbers, 'left']);
  return lines.map((line, index) =>
    index === 0
      ? `${'legs'.padStart(LABEL_WIDTH)}: ${line}`
      : `${' '.repeat(LABEL_WIDTH + 2)}${line}`,
  );
}

function logOf({ log, regionCount, regionSizeBytes, inSyncRegions, dirtyRegions }: MirrorStatus) {
  const where = log.path === null ? 'core' : `${log.type} ${log.path}`;
  const broken = log.letter === 'A' ? '' : ` (${log.state})`;
  const clean =
    inSyncRegions === null ? '' : `, ${Math.max(0, inSyncRegions - (dirtyRegions ?? 0))} clean`;
  return `${where}${broken}, ${formatRegions(regionCount)} of ${formatBytes(regionSizeBytes)}${clean}`;
}
