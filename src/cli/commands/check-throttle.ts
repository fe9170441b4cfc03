/** `mirrorctl check throttle NAME [PERCENT|RATE]`: how much of the machine a check may take. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder, LIMIT, limitFrom } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR, LIMIT],
  usage: 'NAME [PERCENT|RATE]',
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl check throttle m0 20MiB/s', does: 'compare 20 MiB a second at most' },
    { words: 'mirrorctl check throttle m0', does: 'compare as fast as it goes' },
  ],
  notes: ['The limit holds for the check under way, also when it goes on later.'],

  run(outside, input, flags) {
    const { throttle, does } = limitFrom(input);
    const request = { ask: 'throttleCheck', throttle } as const;
    return giveOrder(outside, input, flags, { of: 'check', request, does });
  },
};
