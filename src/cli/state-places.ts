/** The directories that this command line means. */
import type { Places } from '../registry/places.ts';
import { findPlaces } from '../registry/places.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';

export function placesFor({ env, cwd, uid }: Outside, flags: Flags): Places {
  return findPlaces({ stateDir: flags.value('state-dir'), env, cwd, uid });
}
