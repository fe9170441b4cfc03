/** Which mirror `mirrorctl sim` is to simulate: one like an existing one, or as the flags describe it. */
import { MirrorError } from '../errors/mirror-error.ts';
import { defaultRegionBytes, RegionGeometry } from '../geometry/region-geometry.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { ByteCount } from '../geometry/units.ts';
import { LEG_COUNT_MAX, LEG_COUNT_MIN } from '../geometry/units.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { Places } from '../registry/places.ts';
import { scaleModel } from '../simulator/scale-model.ts';
import type { Scenario } from '../simulator/scenario.ts';
import type { Flag } from './command.ts';
import type { Flags } from './given.ts';

export const SIMULATED_WISH_FLAGS = {
  like: {
    value: 'required',
    metavar: 'NAME',
    completes: 'mirror',
    help: 'legs, sizes, log and policies of this mirror',
  },
  legs: { value: 'required', metavar: 'N', help: 'how many legs, 2 to 9 (default 2)' },
  size: { value: 'required', metavar: 'SIZE', help: 'of the mirror (default 4GiB)' },
  'region-size': { value: 'required', metavar: 'SIZE', help: 'default: as create would choose it' },
  log: { value: 'required', choices: ['disk', 'core'], help: 'default disk' },
} as const satisfies Readonly<Record<string, Flag>>;

const SIZE_DEFAULT = '4GiB';

export interface SimulatedWish {
  /** Of the real mirror. */
  readonly geometry: RegionGeometry;
  /** Of the model. */
  readonly regions: number;
  readonly where: Pick<Scenario, 'legCount' | 'log'> & Partial<Scenario>;
}

/** Throws USAGE, SIZE_MALFORMED, GEOMETRY_INVALID, or what reading a definition throws. */
export function readSimulatedWish(places: Places, flags: Flags): SimulatedWish {
  const like = flags.value('like');
  return like === null ? describedBy(flags) : likeMirror(places, like, flags);
}

function likeMirror(places: Places, name: string, flags: Flags): SimulatedWish {
  const [surplus] = ['legs', 'size', 'region-size', 'log'].filter((flag) => flags.has(flag));
  if (surplus !== undefined) {
    throw new MirrorError('USAGE', `--like contradicts --${surplus}`, {}, 'leave one of them out');
  }
  const spec = readDefinition(places, name);
  const { handleErrors, holdOnFailure, onLogFailure, readPolicy } = spec;
  const policies = { handleErrors, holdOnFailure, onLogFailure, readPolicy };
  return wishFor(spec.sizeBytes, spec.regionSizeBytes, {
    ...{ legCount: spec.legs.length, log: spec.log.type },
    ...policies,
  });
}

function describedBy(flags: Flags): SimulatedWish {
  const sizeBytes = parseSize(flags.value('size') ?? SIZE_DEFAULT, '--size');
  const regionSize = flags.value('region-size');
  const regionBytes =
    regionSize === null ? defaultRegionBytes(sizeBytes) : parseSize(regionSize, '--region-size');
  const log = flags.value('log') === 'core' ? 'core' : 'disk';
  return wishFor(sizeBytes, regionBytes, { legCount: legCountFrom(flags), log });
}

function wishFor(
  sizeBytes: ByteCount,
  regionBytes: ByteCount,
  kind: SimulatedWish['where'],
): SimulatedWish {
  const geometry = RegionGeometry.of(sizeBytes, regionBytes);
  const { regions, ...model } = scaleModel(geometry);
  return { geometry, regions, where: { ...kind, ...model } };
}

function legCountFrom(flags: Flags): number {
  const given = flags.value('legs') ?? String(LEG_COUNT_MIN);
  const count = Number(given);
  if (Number.isInteger(count) && count >= LEG_COUNT_MIN && count <= LEG_COUNT_MAX) return count;
  const hint = `a mirror has ${LEG_COUNT_MIN} to ${LEG_COUNT_MAX}`;
  throw new MirrorError('USAGE', `--legs cannot be ${given}`, { value: given }, hint);
}
