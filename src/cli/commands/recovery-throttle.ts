/** `mirrorctl recovery throttle NAME [PERCENT|RATE]`: how much of the machine recovery may take. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder, LIMIT, limitFrom } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR, LIMIT],
  usage: 'NAME [PERCENT|RATE]',
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl recovery throttle m0 25%', does: 'copy a quarter of the time' },
    { words: 'mirrorctl recovery throttle m0 20MiB/s', does: 'copy 20 MiB a second at most' },
    { words: 'mirrorctl recovery throttle m0', does: 'copy as fast as it goes' },
  ],
  notes: ['The limit holds until it is changed or the mirror is deactivated.'],

  run(outside, input, flags) {
    const { throttle, does } = limitFrom(input);
    const request = { ask: 'throttleRecovery', throttle } as const;
    return giveOrder(outside, input, flags, { of: 'recovery', request, does });
  },
};
