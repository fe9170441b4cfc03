/** Asks before something is lost that cannot be brought back. */
import { MirrorError } from '../errors/mirror-error.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';

/** `loss` says what would be lost, as a sentence without full stop. Throws CONFIRMATION_NEEDED. */
export async function confirmLoss(outside: Outside, flags: Flags, loss: string): Promise<void> {
  if (flags.has('yes')) return;
  if (!outside.canAsk) {
    throw new MirrorError('CONFIRMATION_NEEDED', loss, {}, 'add --yes if that is what you want');
  }
  if (await outside.confirm(`${loss}. Go on?`)) return;
  throw new MirrorError('CONFIRMATION_NEEDED', 'not confirmed, so nothing was changed');
}
