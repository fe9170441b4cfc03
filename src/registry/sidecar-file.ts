/**
 * What a mirror has learnt: STATE_DIR/NAME.state.json, the JSON of a `Sidecar`.
 *
 * Only the engine writes it, holding the mirror's lock. Reading fails towards caution: a sidecar that
 * cannot be read is a value, and whoever activates then believes nothing of it.
 */
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import { LEG_COUNT_MIN, REGION_COUNT_MAX, regionCount } from '../geometry/units.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  converted,
  count,
  flag,
  JsonFault,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
} from '../json/json-shape.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { LegMemory, Sidecar } from '../mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../mirror-set/sidecar.ts';
import { replaceFile } from './atomic-file.ts';
import { bytes, leg, UUID_PATTERN } from './definition-shape.ts';
import type { FileFault } from './json-file.ts';
import { readJsonFile } from './json-file.ts';
import type { Places } from './places.ts';
import { makeDirectory, sidecarPath } from './places.ts';

const shape = object<Sidecar>(
  {
    schema: oneOf(SIDECAR_SCHEMA),
    uuid: matching(UUID_PATTERN, 'a UUID'),
    session: count,
    open: flag,
    primary: leg,
    legs: listOf(object<LegMemory>({ missesSince: nullable(count) }, 'refuse'), {
      min: LEG_COUNT_MIN,
    }),
    logTrusted: flag,
    sizeBytes: bytes,
    regionSizeBytes: bytes,
    regionCount: converted(count, (value, at) => {
      if (value > REGION_COUNT_MAX) throw new JsonFault(at, `is more than ${REGION_COUNT_MAX}`);
      return regionCount(value);
    }),
  },
  'refuse',
);

/**
 * Accepts null when there is no sidecar, or only that of an earlier mirror of this name; rejects one
 * that is damaged or speaks of another number of legs.
 */
export function readSidecar(places: Places, spec: MirrorSpec): Result<Sidecar | null, FileFault> {
  try {
    const found = readJsonFile(sidecarPath(places, spec.name), fitting(spec));
    return accept(found?.uuid === spec.uuid ? found : null);
  } catch (error) {
    if (error instanceof MirrorError) return reject(error as FileFault);
    throw error;
  }
}

function fitting({ uuid, legs }: MirrorSpec): Reader<Sidecar> {
  return converted(shape, (sidecar) => {
    const legCount = sidecar.legs.length;
    if (sidecar.primary >= legCount) {
      throw new JsonFault('primary', `is ${sidecar.primary}, but there are ${legCount} legs`);
    }
    if (sidecar.uuid === uuid && legCount !== legs.length) {
      throw new JsonFault('legs', `has ${legCount} items, the mirror has ${legs.length} legs`);
    }
    return sidecar;
  });
}

/** On disk when it returns. The caller holds the mirror's lock. */
export function writeSidecar(places: Places, name: string, sidecar: Sidecar): void {
  makeDirectory(places.stateDir);
  replaceFile(sidecarPath(places, name), `${JSON.stringify(sidecar, null, 2)}\n`);
}
