/** The physical volumes in fixtures/lvm-and-md, unpacked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/lvm-and-md');

const images = new Map<string, Uint8Array>();

/** `lvmImage('lvm-disk', 'vdc')`: a copy, since they are large and most of the time is unpacking. */
export function lvmImage(session: string, disk: string): Uint8Array {
  const name = `${session}/${disk}.img.gz`;
  const image = images.get(name) ?? unpacked(name);
  images.set(name, image);
  return image.slice();
}

export function unpacked(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(path.join(FOLDER, name))));
}

export function fixtureText(name: string): string {
  return readFileSync(path.join(FOLDER, name), 'utf8');
}
