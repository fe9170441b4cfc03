/** The files that `create` makes: whether they can be made, and making them all or none. */
import { accessSync, constants, realpathSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { createImage } from '../devices/create-image.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ByteCount } from '../geometry/units.ts';

export interface NewFile {
  readonly path: string;
  readonly sizeBytes: ByteCount;
}

/** A mistyped device name would become a file in memory that is gone at the next start. */
const DEVICES = '/dev';

/**
 * Throws CANNOT_CREATE, NOT_PERMITTED or LEG_GIVEN_TWICE. `stateDir` need not exist, since it is made
 * on demand.
 */
export function checkNewFiles(files: readonly NewFile[], stateDir: string): void {
  const places = files.map((file) => {
    const directory = path.dirname(file.path);
    return directory === stateDir ? file.path : placeOf(file.path, directory);
  });
  const twice = files.find((_, index) => places.indexOf(places[index] ?? '') < index);
  if (twice === undefined) return;
  const hint = 'give each leg and the log a place of its own';
  throw new MirrorError(
    'LEG_GIVEN_TWICE',
    `${twice.path} is given twice`,
    { path: twice.path },
    hint,
  );
}

/** Where a file at `file` would really lie. */
function placeOf(file: string, directory: string): string {
  let real: string;
  try {
    real = realpathSync(directory);
    accessSync(real, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const facts = { path: file };
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const message = `cannot create ${file}: its directory does not exist`;
      throw new MirrorError('CANNOT_CREATE', message, facts, 'make the directory first', cause);
    }
    const hint = 'give a directory that you may write to';
    throw new MirrorError('NOT_PERMITTED', `not permitted to create ${file}`, facts, hint, cause);
  }
  // What is mounted below, as /dev/shm, is a place for files again.
  const isBelow = `${real}/`.startsWith(`${DEVICES}/`);
  if (isBelow && statSync(real).dev === statSync(DEVICES).dev) {
    const hint = 'check the name of the device; ordinary files belong elsewhere';
    throw new MirrorError('LEG_NOT_FOUND', `there is no device ${file}`, { path: file }, hint);
  }
  return path.join(real, path.basename(file));
}

/** Makes all files, then does `finish`; if anything of it fails, none of the files stays. */
export function makeFiles(files: readonly NewFile[], finish: () => void): void {
  const made: string[] = [];
  try {
    for (const file of files) {
      createImage(file.path, file.sizeBytes);
      made.push(file.path);
    }
    finish();
  } catch (error) {
    for (const file of made) rmSync(file, { force: true });
    throw error;
  }
}
