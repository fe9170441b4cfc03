/** `mirrorctl check pause NAME`: looks at nothing more until it is resumed. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [{ words: 'mirrorctl check pause m0', does: 'leave the disks to the users for now' }],
  notes: [
    'What is being compared is finished first. The position and what was found are kept, also when the mirror is deactivated; an unfinished check that was not paused goes on by itself at the next activation.',
  ],
  run: (outside, input, flags) =>
    giveOrder(outside, input, flags, {
      of: 'check',
      request: { ask: 'pauseCheck' },
      does: 'paused',
    }),
};
