/**
 * What the world does to a mirror, by name and counted. A simulator that never hangs a leg proves
 * nothing about legs that hang; so whoever counts on a proof looks here first.
 */
import type { IoOutcome } from '../engine/input.ts';
import type { Scenario } from './scenario.ts';
import { DAMAGED_COUNT } from './scenario.ts';
import type { SimulatedMirror } from './simulated-mirror.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';

/** Faults: something goes wrong. */
export const FAULTS = [
  'a leg fails a read',
  'a leg fails a write',
  'a leg does a part of a write',
  'a leg is full',
  'a leg fails a flush',
  'a leg loses its cache in a flush',
  'a copy cannot be read',
  'a copy cannot be written',
  'a check cannot read',
  'the log fails',
  'the log does a part of a write',
  'the sidecar fails',
  'an activation fails',
  'a leg hangs',
  'the log hangs',
  'something hung reaches its device late',
  'a leg leaves',
  'a leg is gone at activation',
  'a leg is another one at activation',
  'the log was damaged before',
  'the clock jumps ahead',
  'the clock jumps back',
  'the engine dies',
  'the power fails',
  'the power takes a cache',
  'a crash tears a log write',
] as const;

/** Everything else that makes a life hard. */
export const TURNS = [
  'something ends out of order',
  'something is under way for a second',
  'a leg returns',
  'a leg is decided about',
  'the log is attached again',
  'the log speaks of another size',
  'recovery is paused',
  'recovery is throttled',
  'a check begins',
  'a repair begins',
  'the mirror is stopped',
] as const;

export type Fault = (typeof FAULTS)[number];
export type Mishap = Fault | (typeof TURNS)[number];
export type MishapCounts = ReadonlyMap<Mishap, number>;

const SECOND = 1_000;

/** What the scenario itself has done before anything happens. */
export function mishapsOfScenario({ regionsBefore }: Scenario): Mishap[] {
  if (regionsBefore === 0) return [];
  const wasDamaged = regionsBefore >= DAMAGED_COUNT;
  return [wasDamaged ? 'the log was damaged before' : 'the log speaks of another size'];
}

/** What `event` does to `mirror`, if it can happen now. */
export function mishapsOf(mirror: SimulatedMirror, event: SimulationEvent): Mishap[] {
  switch (event.kind) {
    case 'end':
      return mishapsOfEnd(mirror, event);
    case 'hang':
      return [event.operation === 'log' ? 'the log hangs' : 'a leg hangs'];
    case 'late':
      return ['something hung reaches its device late'];
    case 'leave':
      return ['a leg leaves'];
    case 'return':
      return ['a leg returns'];
    case 'tick':
      return event.by >= SECOND && mirror.operations.size > 0
        ? ['something is under way for a second']
        : [];
    case 'jump':
      return [event.by < 0 ? 'the clock jumps back' : 'the clock jumps ahead'];
    case 'crash':
      return mishapsOfCrash(mirror, event.luck);
    default:
      return mishapsOfOrder(event);
  }
}

export function countMishaps(
  counts: Map<Mishap, number>,
  mishaps: Iterable<Mishap>,
): Map<Mishap, number> {
  for (const mishap of mishaps) counts.set(mishap, (counts.get(mishap) ?? 0) + 1);
  return counts;
}

export function isFaulty(counts: MishapCounts): boolean {
  return FAULTS.some((fault) => counts.has(fault));
}

function mishapsOfOrder(event: SimulationEvent): Mishap[] {
  switch (event.kind) {
    case 'pauseRecovery':
      return ['recovery is paused'];
    case 'throttleRecovery':
      return event.percent === null ? [] : ['recovery is throttled'];
    case 'startCheck':
      return [event.repairFrom === null ? 'a check begins' : 'a repair begins'];
    case 'decide':
      return ['a leg is decided about'];
    case 'reattach':
      return ['the log is attached again'];
    case 'stop':
      return ['the mirror is stopped'];
    default:
      return [];
  }
}

function mishapsOfEnd(
  mirror: SimulatedMirror,
  { operation, outcome, luck }: Extract<SimulationEvent, { kind: 'end' }>,
): Mishap[] {
  const [oldest] = mirror.operations.keys();
  if (oldest === undefined || !mirror.operations.has(operation)) return [];
  const order: Mishap[] = oldest === operation ? [] : ['something ends out of order'];
  return outcome === 'ok' ? order : [...order, ...faultsOf(mirror, operation, outcome, luck)];
}

function faultsOf(
  { storage }: SimulatedMirror,
  operation: string,
  outcome: IoOutcome,
  luck: number,
): Fault[] {
  const isPartial = luck > 0;
  switch (operation.split(' ')[0]) {
    case 'read':
      return ['a leg fails a read'];
    case 'write':
      if (outcome === 'noSpace') return ['a leg is full'];
      return isPartial
        ? ['a leg fails a write', 'a leg does a part of a write']
        : ['a leg fails a write'];
    case 'flush': {
      const leg = storage.legs[Number(operation.split(' ')[2])];
      const loses = leg !== undefined && leg.cachedWrites().size > 0;
      return loses
        ? ['a leg fails a flush', 'a leg loses its cache in a flush']
        : ['a leg fails a flush'];
    }
    case 'copy':
      return [luck % 2 === 0 ? 'a copy cannot be written' : 'a copy cannot be read'];
    case 'compare':
      return ['a check cannot read'];
    case 'log':
      return isPartial ? ['the log fails', 'the log does a part of a write'] : ['the log fails'];
    case 'session':
      return ['an activation fails'];
    default:
      return ['the sidecar fails'];
  }
}

function mishapsOfCrash({ operations, storage }: SimulatedMirror, luck: CrashLuck): Fault[] {
  const faults: Fault[] = [luck.power ? 'the power fails' : 'the engine dies'];
  const isCached = storage.legs.some((leg) => leg.cachedWrites().size > 0);
  if (luck.power && luck.cached !== 'kept' && isCached) faults.push('the power takes a cache');
  if (operations.has('log') && luck.inFlight === 'some') faults.push('a crash tears a log write');
  const isSpared = (leg: number | null) => storage.memories.some(({ primary }) => primary === leg);
  if (luck.gone !== null && !isSpared(luck.gone)) faults.push('a leg is gone at activation');
  if (luck.swapped !== null && !isSpared(luck.swapped)) {
    faults.push('a leg is another one at activation');
  }
  return faults;
}
