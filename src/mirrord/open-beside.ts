/**
 * Opens what a changed mirror needs beside what it has open, and sees to it that what is open has room
 * for what is wanted of it now. A device is opened once, however many of its ranges are wanted.
 */
import { statSync } from 'node:fs';
import type { DeviceRange } from '../devices/device-identity.ts';
import { findCollision, identityOf, statOf } from '../devices/device-identity.ts';
import * as refusal from '../devices/device-refusals.ts';
import type { DeviceRequest } from '../devices/device-request.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { openDevices } from '../devices/open-device.ts';

interface Wanted extends DeviceRange {
  readonly request: DeviceRequest;
}

/**
 * The device for each of `requests`. `open` are the devices that stay, with what they are needed for;
 * files among them may be lengthened afterwards.
 * Throws what `openDevices` throws; then nothing was opened.
 */
export function openBeside(
  requests: readonly DeviceRequest[],
  open: readonly { readonly request: DeviceRequest; readonly device: OpenDevice }[],
): readonly OpenDevice[] {
  const there = open.map(({ request, device }) => rangeOf(request, device.identity));
  const wanted = requests.flatMap((request) => {
    const stat = statOf(request.path);
    const identity = stat === null ? null : identityOf(stat);
    return identity === null ? [] : [rangeOf(request, identity)];
  });
  const collision = findCollision([...there, ...wanted]);
  if (collision !== null) throw refusal.givenTwice(collision[0].request, collision[1].request);
  const deviceOf = (request: DeviceRequest) => {
    const id = wanted.find((one) => one.request === request)?.identity.id;
    return open.find(({ device }) => device.identity.id === id)?.device ?? null;
  };
  for (const { request, device } of open) {
    if (device.kind === 'block') refuseWithoutRoom(request, device);
  }
  for (const request of requests) {
    const device = deviceOf(request);
    if (device !== null) refuseWithoutRoom(request, device);
  }
  const opened = openDevices(requests.filter((request) => deviceOf(request) === null));
  return requests.map((request) => deviceOf(request) ?? (opened.shift() as OpenDevice));
}

function rangeOf(request: DeviceRequest, identity: DeviceRange['identity']): Wanted {
  const { offsetBytes, lengthBytes } = request;
  return { request, identity, offsetBytes, lengthBytes: lengthBytes ?? Number.POSITIVE_INFINITY };
}

/** A file may have become longer since it was opened. */
function refuseWithoutRoom(request: DeviceRequest, { kind, path, sizeBytes }: OpenDevice): void {
  const has = kind === 'file' ? statSync(path).size : sizeBytes;
  if (request.offsetBytes + (request.lengthBytes ?? 1) > has) throw refusal.tooSmall(request, has);
}
