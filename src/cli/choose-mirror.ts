/** Which mirror is meant where none is named: the only one, or the only one that is active. */
import { MirrorError } from '../errors/mirror-error.ts';
import { listMirrors } from '../registry/definition-file.ts';
import { whoActivated } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';

export function chooseMirror(places: Places, named: string | null): string {
  if (named !== null) return named;
  const names = listMirrors(places);
  const active = names.filter((name) => whoActivated(places, name) !== 'nobody');
  const [chosen, ...others] = active.length > 0 ? active : names;
  if (chosen !== undefined && others.length === 0) return chosen;
  if (chosen === undefined) {
    const hint = 'mirrorctl create NAME LEG LEG makes one, mirrorctl demo shows one';
    throw new MirrorError('MIRROR_UNKNOWN', 'there is no mirror', {}, hint);
  }
  const hint = `name one of them: ${[chosen, ...others].join(', ')}`;
  throw new MirrorError('USAGE', 'there are several mirrors', {}, hint);
}
