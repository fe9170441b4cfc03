/**
 * A LEG on the command line of `create`: PATH, or PATH@OFFSET for a leg that begins later.
 *
 *   a.img        /dev/sdb@1MiB        odd@name        odd@5
 *   a file       from 1 MiB on        no size after   a file, if there is one of that name;
 *                                     the @: a file   else from byte 5 of `odd` on
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { parseSize } from '../geometry/size-words.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { LegSpec } from '../mirror-set/mirror-spec.ts';

/** Throws SIZE_MALFORMED or USAGE. */
export function parseLeg(word: string, cwd: string): LegSpec {
  const whole = path.resolve(cwd, word);
  const [, file, offset] = /^(.+)@(\d[^/@]*)$/.exec(word) ?? [];
  if (file === undefined || offset === undefined || existsSync(whole)) {
    return { path: whole, offsetBytes: byteCount(0) };
  }
  const offsetBytes = parseSize(offset, `the offset of ${file}`);
  if (offsetBytes % SECTOR_BYTES !== 0) {
    const hint = `give a multiple of ${SECTOR_BYTES}`;
    const message = `leg ${word}: an offset of ${offsetBytes} bytes is not whole sectors`;
    throw new MirrorError('USAGE', message, { offsetBytes }, hint);
  }
  return { path: path.resolve(cwd, file), offsetBytes };
}
