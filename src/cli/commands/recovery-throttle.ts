/** `mirrorctl recovery throttle NAME [PERCENT|RATE]`: how much of the machine recovery may take. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';
import { describeThrottle } from '../status-text.ts';
import { parseThrottle } from '../throttle-words.ts';

export const command: Command = {
  args: [
    MIRROR,
    {
      name: 'LIMIT',
      help: 'a share of the time (50%), or a rate (20MiB, 20MiB/s); without it recovery gives way to clients',
      min: 0,
      max: 1,
      completes: 'nothing',
    },
  ],
  usage: 'NAME [PERCENT|RATE]',
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl recovery throttle m0 25%', does: 'copy a quarter of the time' },
    { words: 'mirrorctl recovery throttle m0 20MiB/s', does: 'copy 20 MiB a second at most' },
    { words: 'mirrorctl recovery throttle m0', does: 'no limit but the one of its own' },
    {
      words: 'mirrorctl recovery throttle m0 100%',
      does: 'copy at full speed, whatever clients do',
    },
  ],
  notes: [
    'Without a limit recovery copies as fast as it goes, but after the first 128 MiB no more than 32 MiB a second while clients are busy.',
    'The limit holds until it is changed or the mirror is deactivated.',
  ],

  run(outside, input, flags) {
    const word = input.optional('LIMIT');
    const throttle = word === null ? null : parseThrottle(word);
    const does = throttle === null ? 'not limited' : `limited to ${describeThrottle(throttle)}`;
    return giveOrder(outside, input, flags, {
      request: { ask: 'throttleRecovery', throttle },
      does,
    });
  },
};
