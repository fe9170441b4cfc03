/** `mirrorctl log diff FROM TO`: what changed from one log to another. */
import { EXIT } from '../../errors/mirror-error.ts';
import { describeDiff, diffLogs } from '../../forensics/log-diff.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import type { Command } from '../command.ts';
import { LIVE_FLAG, LOG_UNLESS_LIVE, readLogOrLive } from '../live-log.ts';
import { LOG_ARGUMENT, readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';

export const command: Command = {
  args: [
    { ...LOG_ARGUMENT, name: 'FROM' },
    { ...LOG_UNLESS_LIVE, name: 'TO' },
  ],
  flags: { ...LIVE_FLAG, ...MIRROR_FACT_FLAGS },
  changes: false,
  examples: [
    { words: 'mirrorctl log diff yesterday.log m0', does: 'which regions turned dirty since' },
  ],
  notes: [
    'Compares headers, bits and everything else in the two images. Regions that turned dirty or clean are listed as runs.',
  ],
  exitCodes: { [EXIT.ok]: 'the logs say the same', [EXIT.findings]: 'they differ' },

  async run(outside, input, flags) {
    const from = await readLogInput(outside, input.one('FROM'), flags);
    const to = await readLogOrLive(outside, input.optional('TO'), flags);
    const diff = diffLogs(examine(from.excerpt, from.facts), examine(to.excerpt, to.facts));
    const lines = flags.has('json') ? [JSON.stringify(diff)] : describeDiff(diff);
    outside.print(`${lines.join('\n')}\n`);
    return diff.same ? EXIT.ok : EXIT.findings;
  },
};
