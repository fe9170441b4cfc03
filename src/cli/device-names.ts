/** How dm's lines name devices: block devices by number, files by path. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { identityOf, statOf } from '../devices/device-identity.ts';

const BLOCK = 'block ';

export function nameDevice(file: string): string {
  const stat = statOf(file);
  const id = stat === null ? null : identityOf(stat)?.id;
  return id?.startsWith(BLOCK) ? id.slice(BLOCK.length) : file;
}

/** The path of a block device that is given as MAJOR:MINOR; anything else is a path already. */
export function deviceOfNumber(device: string): string {
  if (!/^\d+:\d+$/.test(device)) return device;
  try {
    const facts = readFileSync(path.join('/sys/dev/block', device, 'uevent'), 'utf8');
    const name = /^DEVNAME=(.+)$/m.exec(facts)?.[1];
    return name === undefined ? device : path.join('/dev', name);
  } catch {
    // No such device here: the word stays as it is, and whoever opens it says what is missing.
    return device;
  }
}
