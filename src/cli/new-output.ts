/** Writes what a command made into a new file; an existing one is never overwritten. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';

/** Throws CANNOT_CREATE. `name` is relative to where the command was typed. */
export function writeNewFile({ cwd }: Outside, name: string, content: Uint8Array | string): string {
  const file = path.resolve(cwd, name);
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return file;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it exists already' : message;
    const hint = code === 'EEXIST' ? 'choose another name, or remove it first' : '';
    throw new MirrorError(
      'CANNOT_CREATE',
      `cannot make ${name}: ${why}`,
      { path: file },
      hint,
      cause,
    );
  }
}
