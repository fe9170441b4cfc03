/**
 * A fault that the owner asks for, to see what a mirror does about it:
 *
 *   LEG:OP:KIND[@FROM+LENGTH][xCOUNT]       1:write:eio   log:flush:eio   b.img:read:delay=50@1M+64kx3
 *   │   │  │      │             └ this many times; without it for ever
 *   │   │  │      └ only where this range of the mirror is touched (a log: of the log)
 *   │   │  └ eio, enospc, hang (never answers), delay=MS (then does what it was to do)
 *   │   └ read, write, flush, zero (discards too), any
 *   └ path or index of a leg, or `log`
 *
 * A flush touches no range, so a fault with one never hits it. A FUA write counts as a write only;
 * a log write that is to be durable counts as `write` and as `flush`.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { LegIndex } from '../geometry/units.ts';

export type FaultVerb = 'read' | 'write' | 'flush' | 'zero';

export type FaultKind =
  | { readonly error: 'EIO' | 'ENOSPC' }
  | { readonly hangs: true }
  | { readonly delayMs: number };

export interface InjectedFault {
  /** As it was typed, for status and messages. */
  readonly words: string;
  readonly target: LegIndex | 'log';
  readonly verb: FaultVerb | 'any';
  readonly kind: FaultKind;
  /** Bytes, half-open; null: everywhere. */
  readonly range: { readonly start: number; readonly end: number } | null;
  readonly times: number;
}

const FORM =
  /^(.+):(read|write|flush|zero|any):([a-z]+(?:=\d+)?)(?:@([^+]+)\+([^x]+))?(?:x(\d+))?$/;
const HINT = 'write LEG:OP:KIND[@FROM+LENGTH][xCOUNT], as in 1:write:eio@1M+64kx3';
const DELAY_MS_MAX = 3_600_000;

/** `legOf` finds a leg by its path or index. Throws USAGE, SIZE_MALFORMED, and what `legOf` throws. */
export function parseInjectedFault(
  words: string,
  legOf: (word: string) => LegIndex,
): InjectedFault {
  const [, target, verb, kind = '', from, length, count] = FORM.exec(words) ?? [];
  if (target === undefined || count === '0') throw refused(words, 'is no fault');
  return {
    words,
    target: target === 'log' ? 'log' : legOf(target),
    verb: verb as InjectedFault['verb'],
    kind: kindOf(words, kind),
    range: rangeOf(from, length),
    times: count === undefined ? Number.POSITIVE_INFINITY : Number(count),
  };
}

function kindOf(words: string, kind: string): FaultKind {
  const delayMs = /^delay=(\d{1,7})$/.exec(kind)?.[1];
  if (delayMs !== undefined && Number(delayMs) <= DELAY_MS_MAX) return { delayMs: Number(delayMs) };
  switch (kind) {
    case 'eio':
      return { error: 'EIO' };
    case 'enospc':
      return { error: 'ENOSPC' };
    case 'hang':
      return { hangs: true };
    default:
      throw refused(words, `knows no kind ${kind} (eio, enospc, hang, delay=MS)`);
  }
}

function rangeOf(from: string | undefined, length: string | undefined): InjectedFault['range'] {
  if (from === undefined || length === undefined) return null;
  const start = parseSize(from, 'the start of the fault');
  return { start, end: start + parseSize(length, 'the length of the fault') };
}

function refused(words: string, why: string): MirrorError {
  return new MirrorError('USAGE', `--inject ${words}: ${why}`, { value: words }, HINT);
}
