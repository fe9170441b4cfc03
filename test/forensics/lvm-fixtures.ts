/** The physical volumes in fixtures/lvm-and-md, unpacked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/lvm-and-md');

/** `lvmImage('lvm-disk', 'vdc')` */
export function lvmImage(session: string, disk: string): Uint8Array {
  return unpacked(`${session}/${disk}.img.gz`);
}

export function unpacked(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(path.join(FOLDER, name))));
}

export function fixtureText(name: string): string {
  return readFileSync(path.join(FOLDER, name), 'utf8');
}
