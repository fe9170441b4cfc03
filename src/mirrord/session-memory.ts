/** What the sidecar says while a session runs: that it is open, and which legs miss something since when. */
import type { MirrorMemory } from '../engine/effect.ts';
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../mirror-set/sidecar.ts';
import { has } from '../region/leg-content.ts';
import type { Places } from '../registry/places.ts';
import { readSidecar } from '../registry/sidecar-file.ts';
import type { ActivationPlan } from './activation-plan.ts';

export function sidecarFor(
  places: Places,
  spec: MirrorSpec,
  { session, geometry, primary, blank }: ActivationPlan,
  identities: readonly (string | null)[],
): Sidecar {
  const known = readSidecar(places, spec);
  return {
    schema: SIDECAR_SCHEMA,
    uuid: spec.uuid,
    session,
    open: true,
    primary,
    legs: spec.legs.map(({ path, offsetBytes }, index) => {
      const leg = known.ok ? known.value?.legs[index] : undefined;
      // Of a leg that is missing now, what it was stays what it must be when it returns.
      const identity = identities[index] ?? leg?.identity ?? null;
      const isBlank = blank.includes(index as LegIndex);
      const missesSince = isBlank ? null : (leg?.missesSince ?? null);
      return { path, offsetBytes, missesSince, identity };
    }),
    logTrusted: true,
    sizeBytes: geometry.sizeBytes,
    regionSizeBytes: geometry.regionBytes,
    regionCount: geometry.regionCount,
  };
}

/** A leg that misses something keeps the session in which that began. */
export function withMemory(
  sidecar: Sidecar,
  { primary, missing, logTrusted }: MirrorMemory,
): Sidecar {
  const legs = sidecar.legs.map(({ missesSince, ...known }, index) => ({
    ...known,
    missesSince: has(missing, index as LegIndex) ? (missesSince ?? sidecar.session) : null,
  }));
  invariant(legs[primary]?.missesSince === null, 'the primary misses nothing');
  return { ...sidecar, primary, legs, logTrusted };
}
