/** `50%`, `50`, `20MiB`, `20MiB/s`: how fast recovery may go. */
import { MirrorError } from '../errors/mirror-error.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { Throttle } from '../recovery/throttle.ts';

const PERCENT_MAX = 100;
const HINT = 'write 50% for a share of the time, 20MiB/s for a rate; recovery pause stops it';

/** Throws USAGE or SIZE_MALFORMED. */
export function parseThrottle(word: string): NonNullable<Throttle> {
  const [, digits, sign] = /^(\d+(?:\.\d+)?)(%?)$/.exec(word) ?? [];
  if (digits !== undefined) {
    const percent = Number(digits);
    if (percent > 0 && percent <= PERCENT_MAX) return { percent };
    // A large number without a unit could be meant either way, and they differ by far.
    throw refused(word, sign === '%' ? 'a share is above 0 and at most 100 %' : 'it has no unit');
  }
  const bytesPerSecond = parseSize(word.replace(/\/s$/, ''), 'the rate');
  if (bytesPerSecond === 0) throw refused(word, 'a rate is above 0');
  return { bytesPerSecond };
}

function refused(word: string, why: string): MirrorError {
  return new MirrorError('USAGE', `recovery cannot be limited to ${word}: ${why}`, {}, HINT);
}
