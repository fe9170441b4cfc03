/**
 * Stands in for a leg that cannot be opened, so that everybody's tables keep their places. Nothing is
 * ever asked of it: whoever opens it refuses all of the leg's I/O before (timed-leg-io.ts). Should
 * that fail, what is written is lost and what is read ends at once; no other device is touched.
 */
import fs from 'node:fs';
import { byteCount } from '../geometry/units.ts';
import type { OpenDevice } from './open-device.ts';

const NOWHERE = '/dev/null';
const BLOCK_BYTES = 512;

export function absentDevice(path: string): OpenDevice {
  const id = `absent ${path}`;
  return {
    path,
    kind: 'file',
    fd: fs.openSync(NOWHERE, fs.constants.O_RDWR),
    durableFd: fs.openSync(NOWHERE, fs.constants.O_RDWR),
    sizeBytes: byteCount(0),
    blockBytes: byteCount(BLOCK_BYTES),
    identity: { kind: 'file', id, storage: id, storageOffset: 0 },
    traits: { name: 'absent', mayStall: false, inMemory: false },
    nowaitReads: false,
  };
}
