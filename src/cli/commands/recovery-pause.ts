/** `mirrorctl recovery pause NAME`: copies nothing more until it is resumed. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveOrder } from '../recovery-order.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl recovery pause m0', does: 'leave the disks to the users for now' },
  ],
  notes: ['Regions that are being copied are finished first. Writes go to all legs as always.'],
  run: (outside, input, flags) =>
    giveOrder(outside, input, flags, { request: { ask: 'pauseRecovery' }, does: 'paused' }),
};
