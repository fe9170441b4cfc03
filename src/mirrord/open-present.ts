/**
 * Opens the devices of a mirror of which some legs may be missing: gone, unreadable or too small.
 *
 *   open all ── refused because of leg i ──▶ may i be missing? ── yes: stand-in, open the rest
 *                                              └ no: the refusal is the caller's
 *
 * A leg that somebody else uses is not missing: that is a mistake to be told, not a failure to live with.
 */
import { absentDevice } from '../devices/absent-device.ts';
import type { DeviceRequest } from '../devices/device-request.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { openDevices } from '../devices/open-device.ts';
import type { MirrorErrorCode } from '../errors/mirror-error.ts';
import { MirrorError } from '../errors/mirror-error.ts';

const MISSING: ReadonlySet<MirrorErrorCode> = new Set([
  'LEG_NOT_FOUND',
  'LEG_UNUSABLE',
  'LEG_TOO_SMALL',
  'NOT_PERMITTED',
]);

export interface PresentDevices {
  /** In the order asked; a stand-in where a leg is missing. */
  readonly devices: OpenDevice[];
  /** Places in the order asked, and why. */
  readonly missing: ReadonlyMap<number, MirrorError>;
}

/** Throws what `openDevices` throws for a device that may not be missing, and for the last leg. */
export function openPresent(
  requests: readonly DeviceRequest[],
  mayMiss: (place: number) => boolean,
): PresentDevices {
  const missing = new Map<number, MirrorError>();
  for (;;) {
    try {
      const opened = openDevices(requests.filter((_, place) => !missing.has(place)));
      const devices = requests.map(({ path }, place) =>
        missing.has(place) ? absentDevice(path) : (opened.shift() as OpenDevice),
      );
      return { devices, missing };
    } catch (error) {
      const place = placeOf(error, requests, missing);
      if (place === -1 || !mayMiss(place)) throw error;
      missing.set(place, error as MirrorError);
      if (missing.size === requests.filter(({ role }) => role === 'leg').length) throw error;
    }
  }
}

/** -1: not the failure of one leg. */
function placeOf(
  error: unknown,
  requests: readonly DeviceRequest[],
  missing: ReadonlyMap<number, unknown>,
): number {
  if (!(error instanceof MirrorError) || !MISSING.has(error.code)) return -1;
  const { path: refused } = error.facts;
  return requests.findIndex(({ role, path }, place) => {
    return role === 'leg' && path === refused && !missing.has(place);
  });
}
