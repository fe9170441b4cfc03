/**
 * A LEG on the command line of `create`: PATH, or PATH@OFFSET for a leg that begins later.
 *
 *   a.img           /dev/sdb@1MiB           'odd@name'   no size after the @, so it is part of the name
 *
 * A file whose name ends in `@` and a size is given as `./file@5@0`.
 */
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { parseSize } from '../geometry/size-words.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { LegSpec } from '../mirror-set/mirror-spec.ts';

/** Throws SIZE_MALFORMED or USAGE. */
export function parseLeg(word: string, cwd: string): LegSpec {
  const [, file = word, offset] = /^(.+)@(\d[^/@]*)$/.exec(word) ?? [];
  const offsetBytes =
    offset === undefined ? byteCount(0) : parseSize(offset, `the offset of ${file}`);
  if (offsetBytes % SECTOR_BYTES !== 0) {
    const hint = `give a multiple of ${SECTOR_BYTES}`;
    const message = `leg ${word}: an offset of ${offsetBytes} bytes is not whole sectors`;
    throw new MirrorError('USAGE', message, { offsetBytes }, hint);
  }
  return { path: path.resolve(cwd, file), offsetBytes };
}
