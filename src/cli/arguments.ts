/** Arguments that many commands have. */
import type { Argument } from './command.ts';

export const MIRROR: Argument = {
  name: 'NAME',
  help: 'the mirror',
  min: 1,
  max: 1,
  completes: 'mirror',
};
