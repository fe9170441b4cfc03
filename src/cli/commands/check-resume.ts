/** `mirrorctl check resume NAME`: goes on with a check where it was paused. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [{ words: 'mirrorctl check resume m0', does: 'go on where it was' }],
  notes: ['Also goes on with one that the last session paused.'],
  run: (outside, input, flags) =>
    giveOrder(outside, input, flags, {
      of: 'check',
      request: { ask: 'resumeCheck' },
      does: 'going on',
    }),
};
