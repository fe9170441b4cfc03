/**
 * The definitions of mirrors: STATE_DIR/NAME.json, one each, the JSON of a `MirrorSpec`.
 *
 * People may edit these files, so every key is checked on every read: type, range, and whether the
 * parts agree. A file that fails is reported with its key and never overwritten or repaired, because
 * it may be the only place that knows where the legs are.
 */
import { readdirSync } from 'node:fs';
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { replaceFile } from './atomic-file.ts';
import { mirrorSpec } from './definition-shape.ts';
import { readJsonFile, unreadable } from './json-file.ts';
import type { Places } from './places.ts';
import { checkMirrorName, definitionPath, makeDirectory, nameOfDefinition } from './places.ts';

/** The names of all mirrors, sorted; a state directory that does not exist holds none. */
export function listMirrors({ stateDir }: Places): readonly string[] {
  try {
    return readdirSync(stateDir)
      .flatMap((file) => nameOfDefinition(file) ?? [])
      .sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(stateDir, cause);
  }
}

/** Throws MIRROR_UNKNOWN or REGISTRY_INVALID. */
export function readDefinition(places: Places, name: string): MirrorSpec {
  const spec = findDefinition(places, name);
  if (spec !== null) return spec;
  const known = listMirrors(places);
  const hint =
    known.length === 0
      ? 'mirrorctl create NAME LEG LEG defines one'
      : `there are: ${known.slice(0, KNOWN_SHOWN_MAX).join(', ')}`;
  const message = `no mirror ${name} in ${places.stateDir}`;
  throw new MirrorError('MIRROR_UNKNOWN', message, { mirror: name }, hint);
}

const KNOWN_SHOWN_MAX = 10;

/** Null when there is no such mirror. */
export function findDefinition(places: Places, name: string): MirrorSpec | null {
  checkMirrorName(name);
  return readJsonFile(definitionPath(places, name), mirrorSpec(name));
}

/** Writes a new definition or replaces the old one. The caller holds the mirror's lock. */
export function writeDefinition(places: Places, spec: MirrorSpec): void {
  makeDirectory(places.stateDir);
  replaceFile(definitionPath(places, spec.name), `${JSON.stringify(spec, null, 2)}\n`);
}
