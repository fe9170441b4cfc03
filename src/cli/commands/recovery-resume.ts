/** `mirrorctl recovery resume NAME`: goes on copying, and tries regions again that failed. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [{ words: 'mirrorctl recovery resume m0', does: 'go on after a pause' }],
  notes: ['Regions whose copy failed are tried again at once.'],
  run: (outside, input, flags) =>
    giveOrder(outside, input, flags, { request: { ask: 'resumeRecovery' }, does: 'resumed' }),
};
