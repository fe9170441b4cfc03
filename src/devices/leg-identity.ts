/**
 * Which file or device a leg was, to notice another one under the same name later.
 *
 *   file    inode and time of birth     not the device number, which may change with every boot, and
 *                                       not the size, which may grow
 *   block   major:minor                 so a name that wanders between devices is noticed
 *
 * Errs towards "another one": that costs a copy, or a question if it is the source.
 */
import type { BigIntStats } from 'node:fs';
import { identityOf } from './device-identity.ts';

/** Null for what is neither a regular file nor a block device. */
export function legIdentity(stat: BigIntStats): string | null {
  if (stat.isFile()) return `file ${stat.ino} ${stat.birthtimeNs}`;
  return identityOf(stat)?.id ?? null;
}
