/** A LEG argument names a leg of a mirror by its index or by its path. */
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';

/** Throws LEG_NOT_FOUND with the legs there are. */
export function findLeg(
  { name, legs }: Pick<MirrorSpec, 'name' | 'legs'>,
  word: string,
  cwd: string,
): number {
  const index = legs.findIndex(({ path: known }, at) => {
    return word === String(at) || known === path.resolve(cwd, word);
  });
  if (index >= 0) return index;
  const known = legs.map((leg, at) => `${at} ${leg.path}`).join(', ');
  throw new MirrorError('LEG_NOT_FOUND', `${name} has no leg ${word}`, { leg: word }, known);
}
