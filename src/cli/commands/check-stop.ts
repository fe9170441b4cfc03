/** `mirrorctl check stop NAME`: ends a check for good; what it has found is kept. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [{ words: 'mirrorctl check stop m0', does: 'look no further' }],
  notes: ['The next check begins at the start. What is known to differ stays known.'],
  run: (outside, input, flags) =>
    giveOrder(outside, input, flags, { of: 'check', request: { ask: 'stopCheck' }, does: 'ended' }),
};
