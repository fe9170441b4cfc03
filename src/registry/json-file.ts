/** Reads one JSON file of the state directory; whatever is wrong with it becomes one error. */
import { readFileSync } from 'node:fs';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Reader } from '../json/json-shape.ts';
import { JsonFault, readJson } from '../json/json-shape.ts';

export type FileFault = MirrorError<'REGISTRY_INVALID' | 'NOT_PERMITTED'>;

/** Null when there is no such file. Throws a `FileFault`. */
export function readJsonFile<Value>(file: string, reader: Reader<Value>): Value | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unreadable(file, cause);
  }
  try {
    return readJson(text, reader);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const place = fault.at === '' ? file : `${file}: ${fault.at}`;
    const facts = { path: file, key: fault.at };
    const hint = `mend ${file} by hand or put a copy back; nothing was changed`;
    throw new MirrorError('REGISTRY_INVALID', `${place} ${fault.message}`, facts, hint);
  }
}

export function unreadable(place: string, cause: unknown): FileFault {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const code = errno === 'EACCES' || errno === 'EPERM' ? 'NOT_PERMITTED' : 'REGISTRY_INVALID';
  const hint = 'choose another place with --state-dir DIR, or mend this one';
  return new MirrorError(
    code,
    `cannot read ${place}: ${errno}`,
    { path: place, errno },
    hint,
    cause,
  );
}
