/** `mirrorctl log explain LOG`: every byte of a log, named. */
import { EXIT } from '../../errors/mirror-error.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import { describeExplanation, explainLog } from '../../forensics/log-explain.ts';
import type { Command } from '../command.ts';
import { LIVE_FLAG, LOG_UNLESS_LIVE, readLogOrLive } from '../live-log.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';

export const command: Command = {
  args: [LOG_UNLESS_LIVE],
  flags: { ...LIVE_FLAG, ...MIRROR_FACT_FLAGS },
  changes: false,
  examples: [{ words: 'mirrorctl log explain m0', does: 'what each byte of the log means' }],
  notes: [
    'Ends with what a kernel and what mirrorctl would do if the mirror were activated on this log now.',
  ],

  async run(outside, input, flags) {
    const { excerpt, facts } = await readLogOrLive(outside, input.optional('LOG'), flags);
    const explanation = explainLog(examine(excerpt, facts), facts);
    const lines = flags.has('json')
      ? [JSON.stringify(explanation)]
      : describeExplanation(explanation);
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};
