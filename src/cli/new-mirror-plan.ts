/**
 * Looks at everything that a new mirror is to be made of, before anything is made: legs and log are
 * there or can be made, large enough, apart from each other and from those of other mirrors, and the
 * log can be believed.
 *
 *   wish ─▶ sizes of the legs ─▶ geometry ─▶ log ─▶ definition ─▶ what the first activation copies
 *
 * Devices are only peeked at: a mirror may be defined while something else still uses its legs. That
 * nobody does is found out, under locks, by every activation.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DeviceRequest } from '../devices/device-request.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import { logImageBytes } from '../dirty-log/disk-format.ts';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { defaultRegionBytes, RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount, legIndex, SECTOR_BYTES } from '../geometry/units.ts';
import type { LegSpec, LogSpec, MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { MIRROR_SPEC_SCHEMA } from '../mirror-set/mirror-spec.ts';
import type { ActivationPlan, PlanInput } from '../mirrord/activation-plan.ts';
import { planActivation } from '../mirrord/activation-plan.ts';
import { readLogArea } from '../mirrord/log-area.ts';
import type { Places } from '../registry/places.ts';
import { defaultLogPath } from '../registry/places.ts';
import type { NewFile } from './new-files.ts';
import { checkNewFiles } from './new-files.ts';
import type { MirrorWish } from './new-mirror.ts';
import { refuseTakenParts } from './taken-parts.ts';

/** dm takes smaller regions in a table; on the command line they are a mistake. */
const REGION_BYTES_MIN = 4096;
const FILE_BLOCK_BYTES = byteCount(512);

export interface NewMirror {
  readonly spec: MirrorSpec;
  /** Files to make, in this order. */
  readonly makes: readonly NewFile[];
  readonly input: PlanInput;
  readonly firstActivation: ActivationPlan;
}

export function planMirror(places: Places, wish: MirrorWish): NewMirror {
  const sizeBytes = wish.sizeBytes ?? smallestOffer(wish.legs);
  const missing = wish.isTable ? [] : wish.legs.filter(({ path }) => !existsSync(path));
  const regionSizeBytes = wish.regionSizeBytes ?? defaultRegionBytes(sizeBytes);
  const geometry = RegionGeometry.of(sizeBytes, regionSizeBytes);
  if (regionSizeBytes < REGION_BYTES_MIN && !wish.isTable) throw regionTooSmall(regionSizeBytes);

  const log = logOf(places, wish);
  const spec = specOf(wish, { sizeBytes, regionSizeBytes, log });
  const images = missing.map(({ path, offsetBytes }) => ({
    path,
    sizeBytes: byteCount(offsetBytes + sizeBytes),
  }));
  const newLog = { path: '', sizeBytes: logImageBytes(geometry.regionCount, FILE_BLOCK_BYTES) };
  const makesLog = log.type === 'disk' && !existsSync(log.path);
  const makes = [...images, ...(makesLog ? [{ ...newLog, path: log.path }] : [])];
  checkNewFiles(makes, places.stateDir);
  refuseTakenParts(places, spec);
  const input = {
    ...{ spec, sidecar: null, source: null, blank: [], confirmed: false },
    log: lookAtDevices(spec, makes, geometry),
  };
  return { spec, makes, input, firstActivation: planActivation(input) };
}

/** What every leg can hold, without --size. */
function smallestOffer(legs: readonly LegSpec[]): ByteCount {
  const requests = legs.map((leg) => peek('leg', leg, null));
  return withDevices(requests, (devices) => {
    const offers = devices.map(({ sizeBytes }, index) => {
      return sizeBytes - (legs[index]?.offsetBytes ?? 0);
    });
    const smallest = Math.min(...offers);
    return byteCount(smallest - (smallest % SECTOR_BYTES));
  });
}

function logOf(places: Places, { name, log }: MirrorWish): LogSpec {
  if (log.type === 'core') return log;
  const ownPlace = defaultLogPath(places, name);
  const path = log.path ?? ownPlace;
  return { type: 'disk', path, ours: path === ownPlace || !existsSync(path) };
}

function specOf(
  wish: MirrorWish,
  settled: Pick<MirrorSpec, 'sizeBytes' | 'regionSizeBytes' | 'log'>,
): MirrorSpec {
  const { name, legs, syncIntent, logIntent, readPolicy, readOnly } = wish;
  const { handleErrors, holdOnFailure, onLogFailure } = wish;
  return {
    schema: MIRROR_SPEC_SCHEMA,
    ...{ name, uuid: randomUUID(), ...settled, legs, source: legIndex(wish.source) },
    ...{ syncIntent, logIntent, handleErrors, holdOnFailure, onLogFailure, readPolicy, readOnly },
  };
}

/** Opens all that is there at once, so that no two of them share a byte. Returns the log's content. */
function lookAtDevices(
  spec: MirrorSpec,
  makes: readonly NewFile[],
  { regionCount }: RegionGeometry,
): PlanInput['log'] {
  const { legs, log, sizeBytes } = spec;
  const isMade = (path: string) => makes.some((file) => file.path === path);
  const legRequests = legs
    .filter(({ path }) => !isMade(path))
    .map((leg) => peek('leg', leg, sizeBytes));
  const logBytes = logImageBytes(regionCount, FILE_BLOCK_BYTES);
  const logRequests =
    log.type === 'disk' && !isMade(log.path)
      ? [peek('log', { ...log, offsetBytes: byteCount(0) }, logBytes)]
      : [];
  return withDevices([...legRequests, ...logRequests], (devices) => {
    if (log.type === 'core') return null;
    const device = devices[legRequests.length];
    if (device !== undefined) return readLogArea(spec, device);
    return { path: log.path, bytes: new Uint8Array(logBytes), blockBytes: FILE_BLOCK_BYTES };
  });
}

function peek(
  role: DeviceRequest['role'],
  { path, offsetBytes }: LegSpec,
  lengthBytes: ByteCount | null,
): DeviceRequest {
  return { role, path, access: 'peek', offsetBytes, lengthBytes };
}

function withDevices<Value>(
  requests: readonly DeviceRequest[],
  look: (devices: readonly OpenDevice[]) => Value,
): Value {
  const devices = openDevices(requests);
  invariant(devices.length === requests.length, 'one device for each request');
  try {
    return look(devices);
  } finally {
    closeDevices(devices);
  }
}

function regionTooSmall(regionSizeBytes: ByteCount): MirrorError {
  const message = `region size ${regionSizeBytes} is below ${REGION_BYTES_MIN} bytes`;
  const hint = 'give a larger --region-size; the mirror must be at least as large';
  return new MirrorError('GEOMETRY_INVALID', message, { regionSizeBytes }, hint);
}
