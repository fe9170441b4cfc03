/**
 * Whether a leg may be taken out of service, or let in again, as the owner asks.
 *
 * What remains must hold everything: some other leg in service misses nothing. Only the engine knows,
 * so it is the one that declines (`needed`); here is what can be said before asking it.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';

/** Throws LEG_NOT_FOUND or LEG_NEEDED. */
export function refuseLegSwitch(
  ask: 'failLeg' | 'clearLeg',
  index: number,
  { name, legs, handleErrors }: Pick<MirrorSpec, 'name' | 'legs' | 'handleErrors'>,
  primary: number,
  missing: ReadonlyMap<number, Error>,
): void {
  const leg = legs[index];
  if (leg === undefined) {
    throw new MirrorError('LEG_NOT_FOUND', `${name} has no leg ${index}`, { leg: index });
  }
  const facts = { leg: index, path: leg.path };
  if (ask === 'clearLeg') {
    if (!missing.has(index)) return;
    const message = `leg ${leg.path} was not there when ${name} was activated`;
    throw new MirrorError('LEG_NOT_FOUND', message, facts, `deactivate and activate ${name}`);
  }
  if (index === primary && !handleErrors) {
    const message = `leg ${leg.path} is the primary, and without handle_errors it stays so`;
    throw new MirrorError('LEG_NEEDED', message, facts, 'fail another leg, or recreate the mirror');
  }
}

export function needed(
  { name, legs }: Pick<MirrorSpec, 'name' | 'legs'>,
  index: number,
): MirrorError {
  const path = legs[index]?.path ?? '';
  const hint = `wait until another one has them: mirrorctl wait ${name} --until in-sync`;
  const message = `leg ${path} has the only copy of some regions`;
  return new MirrorError('LEG_NEEDED', message, { leg: index, path }, hint);
}
