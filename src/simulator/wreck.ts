/**
 * What a crash leaves: every operation under way interrupted, one of the sidecars that may be there,
 * and with the power, the caches. The owner may be unlucky too: a leg may be gone when the next
 * process looks for it, or another one may lie in its place.
 */
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { maskOf, NO_LEGS } from '../region/leg-content.ts';
import type { Operation } from './operation.ts';
import type { Oracle } from './oracle.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import type { CrashLuck } from './simulation-event.ts';

export interface Wreck {
  readonly storage: SimulatedStorage;
  readonly oracle: Oracle;
  /** Legs that the next process does not find. */
  readonly away: LegMask;
  /** Same key, same future. */
  readonly key: string;
}

/** A mirror at the moment it crashes. */
export interface Crashing {
  readonly storage: SimulatedStorage;
  readonly oracle: Oracle;
  /** With those that hang. */
  readonly underWay: Iterable<Operation>;
  /** Sectors that some leg lost in a failed flush and that no flush has covered since. */
  readonly lostInFlush: Iterable<number>;
}

/** Changes nothing of `crashing`. */
export function wreckOf(crashing: Crashing, luck: CrashLuck): Wreck {
  const storage = crashing.storage.clone();
  const random = new SeededRandom(luck.seed);
  for (const operation of crashing.underWay) {
    operation.interrupt(storage, landing(operation, luck, random));
  }
  const { memories } = storage;
  const found = memories[luck.memory % memories.length];
  invariant(found !== undefined, 'some sidecar is always there');
  storage.memories = [found];
  if (luck.power) {
    const survives = survival(luck, random);
    for (const leg of storage.legs) leg.losePower(survives);
    storage.log?.losePower(survives);
  }
  const oracle = crashing.oracle.clone();
  oracle.crash(luck.power);
  // Whether the next process knows which leg lost them depends on when this one died.
  for (const sector of crashing.lostInFlush) oracle.doubt(sector);
  // Without its source a mirror is not activated, so that leg is there, and it is the same.
  const spared = (leg: number | null) => (leg === found.primary ? null : leg) as LegIndex | null;
  const swapped = spared(luck.swapped);
  if (swapped !== null) storage.swap(swapped);
  const gone = spared(luck.gone);
  const away = gone === null ? NO_LEGS : maskOf(gone);
  return { storage, oracle, away, key: `${storage.key} ${oracle.key} ${away}` };
}

function landing(
  operation: Operation,
  { inFlight, logSectors }: CrashLuck,
  random: SeededRandom,
): (index: number) => boolean {
  if (operation.name === 'log' && logSectors !== null) return (index) => index < logSectors;
  if (inFlight === 'some') return () => random.chance(0.5);
  const lands = inFlight === 'landed' || (inFlight !== 'lost' && inFlight.includes(operation.name));
  return () => lands;
}

function survival(
  { cached }: CrashLuck,
  random: SeededRandom,
): (entry: { readonly write: number }) => boolean {
  if (cached === 'some') return () => random.chance(0.5);
  if (typeof cached === 'object') return ({ write }) => !cached.lost.includes(write);
  return () => cached === 'kept';
}
