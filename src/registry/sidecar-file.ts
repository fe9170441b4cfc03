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
  text,
} from '../json/json-shape.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { LegMemory, Sidecar } from '../mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA, SIDECAR_SCHEMA_BEFORE } from '../mirror-set/sidecar.ts';
import { replaceFile } from './atomic-file.ts';
import { bytes, leg, UUID_PATTERN } from './definition-shape.ts';
import type { FileFault } from './json-file.ts';
import { readJsonFile } from './json-file.ts';
import type { Places } from './places.ts';
import { makeDirectory, sidecarPath } from './places.ts';

const fields = {
  uuid: matching(UUID_PATTERN, 'a UUID'),
  session: count,
  open: flag,
  primary: leg,
  logTrusted: flag,
  sizeBytes: bytes,
  regionSizeBytes: bytes,
  regionCount: converted(count, (value, at) => {
    if (value > REGION_COUNT_MAX) throw new JsonFault(at, `is more than ${REGION_COUNT_MAX}`);
    return regionCount(value);
  }),
};

const missesSince = nullable(count);
const atLeast = { min: LEG_COUNT_MIN };

const shape = object<Sidecar>(
  {
    schema: oneOf(SIDECAR_SCHEMA),
    ...fields,
    legs: listOf(object<LegMemory>({ missesSince, identity: nullable(text) }, 'refuse'), atLeast),
  },
  'refuse',
);

type SidecarBefore = Omit<Sidecar, 'schema' | 'legs'> & {
  readonly schema: typeof SIDECAR_SCHEMA_BEFORE;
  readonly legs: readonly Omit<LegMemory, 'identity'>[];
};

const shapeBefore = object<SidecarBefore>(
  {
    schema: oneOf(SIDECAR_SCHEMA_BEFORE),
    ...fields,
    legs: listOf(object<Omit<LegMemory, 'identity'>>({ missesSince }, 'refuse'), atLeast),
  },
  'refuse',
);

/** Either version, as the newer one. */
const anyShape: Reader<Sidecar> = (value, at) => {
  const isOld = (value as { schema?: unknown } | null)?.schema === SIDECAR_SCHEMA_BEFORE;
  if (!isOld) return shape(value, at);
  const old = shapeBefore(value, at);
  const legs = old.legs.map((known) => ({ ...known, identity: null }));
  return { ...old, schema: SIDECAR_SCHEMA, legs };
};

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
  return converted(anyShape, (sidecar) => {
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
