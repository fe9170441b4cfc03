/** The flags that commands have without declaring them. */
import type { Command, Flag } from './command.ts';

/** Understood everywhere, also before the command's name. */
export const GLOBAL_FLAGS = {
  json: { value: 'none', help: 'print one JSON document, errors included' },
  'state-dir': {
    value: 'required',
    metavar: 'DIR',
    completes: 'directory',
    help: 'where definitions live, instead of $MIRRORCTL_STATE_DIR',
  },
  'no-color': { value: 'none', help: 'plain text, as with $NO_COLOR' },
  help: { value: 'none', short: 'h', help: 'explain the command and do nothing' },
  version: { value: 'none', help: 'print the version and do nothing' },
} as const satisfies Readonly<Record<string, Flag>>;

const DRY_RUN: Flag = { value: 'none', short: 'n', help: 'print the plan and change nothing' };
const YES: Flag = { value: 'none', help: 'do not ask before data can be lost' };

/** Every flag that `command` understands, its own first. */
export function flagsOf(command: Command): Readonly<Record<string, Flag>> {
  return {
    ...command.flags,
    ...(command.changes ? { 'dry-run': DRY_RUN } : {}),
    ...(command.losesData === true ? { yes: YES } : {}),
    ...GLOBAL_FLAGS,
  };
}
