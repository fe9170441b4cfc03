/**
 * What a simulation throws when the mirror did what a mirror must never do. The message says which
 * promise was broken and where; the list of events that led there says how.
 */
export class Contradiction extends Error {
  override readonly name = 'Contradiction';
}

export function contradict(message: string): never {
  throw new Contradiction(message);
}
