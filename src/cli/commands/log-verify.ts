/** `mirrorctl log verify LOG`: whether a dirty log can be what it claims to be. */
import { EXIT } from '../../errors/mirror-error.ts';
import { isSound } from '../../forensics/finding.ts';
import type { VerifyLevel } from '../../forensics/log-verify.ts';
import { VERIFY_LEVELS, verifyLog } from '../../forensics/log-verify.ts';
import { describeVerification } from '../../forensics/log-verify-text.ts';
import type { Command } from '../command.ts';
import { LOG_ARGUMENT, MIRROR_FACT_FLAGS, readLogInput } from '../log-words.ts';

export const command: Command = {
  args: [LOG_ARGUMENT],
  flags: {
    ...MIRROR_FACT_FLAGS,
    level: {
      value: 'required',
      metavar: 'LEVEL',
      choices: VERIFY_LEVELS,
      help: 'how deep to look; each level includes those before it',
    },
  },
  changes: false,
  examples: [
    { words: 'mirrorctl log verify m0', does: 'check the log of the mirror m0' },
    { words: 'mirrorctl log verify mlog.bin --size 6m', does: 'check the copy of a log' },
  ],
  notes: [
    'header: is this a dirty log? geometry: does it fit the mirror? plausibility: is everything around the bits as a kernel, LVM or mirrorctl would have left it?',
    'No finding means no finding at that level, not that the log is right: only the data on the legs can show a bit that is wrong.',
  ],
  exitCodes: {
    [EXIT.ok]: 'no finding that matters at this level',
    [EXIT.findings]: 'findings: critical or warning',
  },

  async run(outside, input, flags) {
    const { excerpt, facts } = readLogInput(outside, input.one('LOG'), flags);
    const level = (flags.value('level') ?? VERIFY_LEVELS.at(-1)) as VerifyLevel;
    const verification = verifyLog(excerpt, facts, level);
    const lines = flags.has('json')
      ? [JSON.stringify(verification)]
      : describeVerification(verification);
    outside.print(`${lines.join('\n')}\n`);
    return isSound(verification.findings) ? EXIT.ok : EXIT.findings;
  },
};
