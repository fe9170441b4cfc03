/** The shape of NAME.json, key by key, and whether its parts agree with each other. */
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount, LegIndex } from '../geometry/units.ts';
import {
  byteCount,
  LEG_COUNT_MAX,
  LEG_COUNT_MIN,
  legIndex,
  SECTOR_BYTES,
} from '../geometry/units.ts';
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
  tagged,
  text,
} from '../json/json-shape.ts';
import type {
  LegPlace,
  LegSpec,
  LogSpec,
  MirrorSpec,
  ReadPolicy,
} from '../mirror-set/mirror-spec.ts';
import { isSameLeg, LOG_FAILURE_POLICIES, MIRROR_SPEC_SCHEMA } from '../mirror-set/mirror-spec.ts';

export const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const bytes: Reader<ByteCount> = converted(count, byteCount);

export const leg: Reader<LegIndex> = converted(count, (value, at) => {
  if (value >= LEG_COUNT_MAX) throw new JsonFault(at, `is ${value}, past the last possible leg`);
  return legIndex(value);
});

const absolutePath: Reader<string> = converted(text, (value, at) => {
  if (!path.isAbsolute(value)) throw new JsonFault(at, 'is not an absolute path');
  return value;
});

export const legPlace = {
  path: absolutePath,
  offsetBytes: converted(bytes, (value, at) => {
    if (value % SECTOR_BYTES !== 0) throw new JsonFault(at, `is no multiple of ${SECTOR_BYTES}`);
    return value;
  }),
};

const legAtRest = object<LegPlace>(legPlace, 'refuse');
const stage = oneOf('joining', 'leaving');
const legOnTheMove = object<Required<LegSpec>>({ ...legPlace, stage }, 'refuse');

const legSpec: Reader<LegSpec> = (value, at) => {
  const isOnTheMove = typeof value === 'object' && value !== null && 'stage' in value;
  return isOnTheMove ? legOnTheMove(value, at) : legAtRest(value, at);
};

const logSpec = tagged<LogSpec>('type', {
  core: object({ type: oneOf('core') }, 'refuse'),
  disk: object({ type: oneOf('disk'), path: absolutePath, ours: flag }, 'refuse'),
});

const readPolicy = matching(
  /^(primary|round-robin|queue|leg:[0-8])$/,
  'primary, round-robin, queue or leg:N',
) as Reader<ReadPolicy>;

/** Reads the definition of the mirror `name`. */
export function mirrorSpec(name: string): Reader<MirrorSpec> {
  const readers = {
    schema: oneOf(MIRROR_SPEC_SCHEMA),
    name: oneOf(name),
    uuid: matching(UUID_PATTERN, 'a UUID'),
    sizeBytes: bytes,
    regionSizeBytes: bytes,
    legs: listOf(legSpec, { min: LEG_COUNT_MIN, max: LEG_COUNT_MAX }),
    log: logSpec,
    source: leg,
    syncIntent: nullable(oneOf('sync', 'nosync')),
    logIntent: nullable(oneOf('accept', 'init')),
    handleErrors: flag,
    holdOnFailure: flag,
    onLogFailure: oneOf(...LOG_FAILURE_POLICIES),
    readPolicy,
    readOnly: flag,
  };
  const fresh = object<Omit<MirrorSpec, 'hasRun'>>(readers, 'refuse');
  const run = object<Required<MirrorSpec>>({ ...readers, hasRun: oneOf(true) }, 'refuse');
  return (value, at) => {
    const hasRun = typeof value === 'object' && value !== null && 'hasRun' in value;
    return checkAgreement((hasRun ? run : fresh)(withDefaults(value), at));
  };
}

/** Definitions were written before there were read-only mirrors and policies for failures. */
function withDefaults(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const known = { readOnly: false, holdOnFailure: false, ...value };
  if (!('keepLog' in known) || 'onLogFailure' in known) return known;
  const { keepLog, ...rest } = known;
  return { ...rest, onLogFailure: keepLog === true ? 'readonly' : 'core' };
}

function checkAgreement(spec: MirrorSpec): MirrorSpec {
  const { legs, source, readPolicy: policy, log } = spec;
  const legCount = legs.length;
  if (source >= legCount)
    throw new JsonFault('source', `is ${source}, but there are ${legCount} legs`);
  const preferred = /^leg:(\d)$/.exec(policy)?.[1];
  if (preferred !== undefined && Number(preferred) >= legCount) {
    throw new JsonFault('readPolicy', `is ${policy}, but there are ${legCount} legs`);
  }
  const twice = legs.findIndex((one, index) =>
    legs.some((other, at) => at < index && isSameLeg(one, other)),
  );
  if (twice >= 0) throw new JsonFault(`legs[${twice}]`, 'is given twice');
  if (legs.at(-1)?.stage === 'leaving') {
    throw new JsonFault(`legs[${legCount - 1}].stage`, 'is leaving, but no leg follows it');
  }
  if (log.type === 'core' && spec.logIntent !== null) {
    throw new JsonFault('logIntent', `is ${spec.logIntent}, but a core log has no content`);
  }
  checkGeometry(spec);
  return spec;
}

function checkGeometry({ sizeBytes, regionSizeBytes }: MirrorSpec): void {
  try {
    RegionGeometry.of(sizeBytes, regionSizeBytes);
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    throw new JsonFault('regionSizeBytes', `does not fit: ${error.message}`);
  }
}
