/** `EVENT=COMMAND`: a command to run when something happens. */
import type { EventName } from '../control-protocol/event-names.ts';
import { HOOK_EVENTS } from '../control-protocol/event-names.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { nearestWord } from './nearest-word.ts';

export interface HookWords {
  readonly event: EventName | 'any';
  readonly command: string;
}

const KNOWN: readonly (EventName | 'any')[] = ['any', ...HOOK_EVENTS];

/** Throws USAGE. */
export function parseHook(words: string): HookWords {
  const [, name = '', command = ''] = /^([^=]*)=(.*)$/s.exec(words) ?? [];
  if (command.trim() === '') {
    const hint = "write EVENT=COMMAND, for example leg-failed='mail -s mirror root'";
    throw new MirrorError('USAGE', `--on ${words} names no command`, { value: words }, hint);
  }
  const event = KNOWN.find((known) => known === name);
  if (event !== undefined) return { event, command };
  const near = nearestWord(name, KNOWN);
  const hint = `${near === null ? '' : `did you mean ${near}? `}EVENT is ${KNOWN.join(', ')}`;
  throw new MirrorError('USAGE', `--on: there is no event ${name}`, { event: name }, hint);
}
