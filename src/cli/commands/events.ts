/** `mirrorctl events NAME`: what happened to a mirror, and with `--follow` what happens next. */
import type { EngineEvent } from '../../control-protocol/control-request.ts';
import { EVENT_NAMES } from '../../control-protocol/event-names.ts';
import { EXIT } from '../../errors/mirror-error.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { readEvents } from '../../registry/event-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { printable } from '../failure-report.ts';
import type { Flags } from '../given.ts';
import { ask, isEngineMissing } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';

const LOOK_EVERY_MS = 200;

export const command: Command = {
  args: [MIRROR],
  flags: { follow: { value: 'none', help: 'go on until the mirror is deactivated' } },
  changes: false,
  examples: [
    { words: 'mirrorctl events m0', does: 'what happened lately, in use or not' },
    { words: 'mirrorctl events m0 --follow --json', does: 'one JSON object a line, as it happens' },
  ],
  notes: [
    'The last 256 events are kept, also when no engine runs; numbers have no gaps, so whoever follows sees what was forgotten.',
    `With --json each line is an object: mirror, number, at (RFC 3339), kind (good, plain, warning, bad), event (${EVENT_NAMES.join(', ')}), text, and fields, which depend on the event: leg, path, region and so on.`,
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const { name } = readDefinition(places, input.one('NAME'));
    const follows = flags.has('follow');
    const interruption = outside.interruption();
    let since = 0;
    for (;;) {
      const events = await ask(places, name, { ask: 'events', since }, 'events').then(
        (answer) => answer.events,
        (error: unknown) => {
          if (!isEngineMissing(error) || (follows && since === 0)) throw error;
          return follows ? null : readEvents(places, name);
        },
      );
      if (events === null) return EXIT.ok;
      since = print(outside, flags, name, events, since);
      if (!follows) return EXIT.ok;
      await outside.sleep(LOOK_EVERY_MS);
      interruption.throwIfAborted();
    }
  },
};

/** Returns the number of the last event that is known now. */
function print(
  outside: Outside,
  flags: Flags,
  name: string,
  events: readonly EngineEvent[],
  since: number,
): number {
  const forgotten = (events[0]?.number ?? since + 1) - since - 1;
  // Whoever has just come has missed nothing.
  if (forgotten > 0 && since > 0)
    outside.printAside(`${name}: ${forgotten} events are forgotten\n`);
  for (const event of events) {
    const { at, kind, text } = event;
    const line = flags.has('json')
      ? JSON.stringify({ mirror: name, ...event })
      : `${at}  ${kind.padEnd('warning'.length)}  ${printable(text)}`;
    outside.print(`${line}\n`);
  }
  return events.at(-1)?.number ?? since;
}
