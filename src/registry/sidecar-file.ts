/**
 * What a mirror has learnt: STATE_DIR/NAME.state.json, the JSON of a `Sidecar`.
 *
 * Only whoever holds the mirror's lock writes it. Reading fails towards caution: a sidecar that
 * cannot be read is a value, and whoever activates then believes nothing of it.
 *
 *   definition   a  b  d          what is read   a      b      d
 *   sidecar      b  a  c                         known  known  missed everything      c is forgotten
 */
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import { LEG_COUNT_MIN, legIndex, REGION_COUNT_MAX, regionCount } from '../geometry/units.ts';
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
import type { LegPlace, MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { isSameLeg } from '../mirror-set/mirror-spec.ts';
import type { LegMemory, Sidecar } from '../mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA, SIDECAR_SCHEMAS_BEFORE, SINCE_EVER } from '../mirror-set/sidecar.ts';
import { replaceFile } from './atomic-file.ts';
import { bytes, leg, legPlace, UUID_PATTERN } from './definition-shape.ts';
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
const identity = nullable(text);
const atLeast = { min: LEG_COUNT_MIN };

const shape = object<Sidecar>(
  {
    schema: oneOf(SIDECAR_SCHEMA),
    ...fields,
    legs: listOf(object<LegMemory>({ ...legPlace, missesSince, identity }, 'refuse'), atLeast),
  },
  'refuse',
);

type SidecarBefore = Omit<Sidecar, 'schema' | 'legs'> & {
  readonly schema: (typeof SIDECAR_SCHEMAS_BEFORE)[number];
  readonly legs: readonly Omit<LegMemory, keyof LegPlace>[];
};

const memoryWithoutIdentity = converted(
  object<Pick<LegMemory, 'missesSince'>>({ missesSince }, 'refuse'),
  (known) => ({ ...known, identity: null }),
);
const memoryWithoutPlace = object<Omit<LegMemory, keyof LegPlace>>(
  { missesSince, identity },
  'refuse',
);

const shapeBefore: Reader<SidecarBefore> = (value, at) => {
  const isFirst = (value as { schema?: unknown }).schema === SIDECAR_SCHEMAS_BEFORE[0];
  const memory = isFirst ? memoryWithoutIdentity : memoryWithoutPlace;
  const readers = { schema: oneOf(...SIDECAR_SCHEMAS_BEFORE), ...fields };
  return object<SidecarBefore>({ ...readers, legs: listOf(memory, atLeast) }, 'refuse')(value, at);
};

/**
 * Accepts null when there is no sidecar, or only that of an earlier mirror of this name; rejects one
 * that is damaged, whose primary is none of the mirror's legs, or which is so old that it counts its
 * legs and counts others.
 */
export function readSidecar(places: Places, spec: MirrorSpec): Result<Sidecar | null, FileFault> {
  try {
    return accept(readJsonFile(sidecarPath(places, spec.name), fitting(spec)));
  } catch (error) {
    if (error instanceof MirrorError) return reject(error as FileFault);
    throw error;
  }
}

function fitting(spec: MirrorSpec): Reader<Sidecar | null> {
  return (value, at) => {
    const schema = (value as { schema?: unknown } | null)?.schema;
    const isOld = SIDECAR_SCHEMAS_BEFORE.some((before) => before === schema);
    const found = isOld ? shapeBefore(value, at) : shape(value, at);
    const { primary, legs } = found;
    if (primary >= legs.length) {
      throw new JsonFault('primary', `is ${primary}, but there are ${legs.length} legs`);
    }
    if (found.uuid !== spec.uuid) return null;
    return arrangedFor(spec, found.schema === SIDECAR_SCHEMA ? found : placed(found, spec));
  };
}

/** Legs that were counted are the definition's, which cannot have changed meanwhile. */
function placed(before: SidecarBefore, { legs }: MirrorSpec): Sidecar {
  const memories = legs.flatMap(({ path, offsetBytes }, index) => {
    const known = before.legs[index];
    return known === undefined ? [] : [{ path, offsetBytes, ...known }];
  });
  if (before.legs.length !== legs.length) {
    const message = `has ${before.legs.length} items, the mirror has ${legs.length} legs`;
    throw new JsonFault('legs', message);
  }
  return { ...before, schema: SIDECAR_SCHEMA, legs: memories };
}

/** The memories of the definition's legs, in their order there. Throws JsonFault without a primary. */
export function arrangedFor({ legs }: Pick<MirrorSpec, 'legs'>, sidecar: Sidecar): Sidecar {
  const known = sidecar.legs[sidecar.primary];
  const primary = legs.findIndex((one) => known !== undefined && isSameLeg(one, known));
  if (primary < 0) {
    throw new JsonFault('primary', `is ${known?.path}, which is no leg of the mirror`);
  }
  const memories = legs.map(({ path, offsetBytes }): LegMemory => {
    const place = { path, offsetBytes };
    const stranger = { ...place, missesSince: SINCE_EVER, identity: null };
    return sidecar.legs.find((one) => isSameLeg(one, place)) ?? stranger;
  });
  return { ...sidecar, primary: legIndex(primary), legs: memories };
}

/** On disk when it returns. The caller holds the mirror's lock. */
export function writeSidecar(places: Places, name: string, sidecar: Sidecar): void {
  makeDirectory(places.stateDir);
  replaceFile(sidecarPath(places, name), `${JSON.stringify(sidecar, null, 2)}\n`);
}
