/** `mirrorctl log edit LOG --set-dirty RANGES`: changes bits by hand. */
import path from 'node:path';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import type { RegionSpan } from '../../forensics/log-remainder.ts';
import { areProvenEqual, planEdit } from '../../forensics/log-repair.ts';
import { formatRanges, parseRanges } from '../../forensics/region-ranges.ts';
import type { Command } from '../command.ts';
import { LEGS_ARGUMENT } from '../leg-choice.ts';
import { changeLog } from '../log-change.ts';
import { provenRuns } from '../log-proof.ts';
import { LOG_ARGUMENT, readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';

export const command: Command = {
  args: [LOG_ARGUMENT, { ...LEGS_ARGUMENT, help: 'the legs that the receipt is about' }],
  usage: 'LOG --set-dirty RANGES | LOG --set-clean RANGES --receipt FILE [LEG LEG…]',
  flags: {
    ...MIRROR_FACT_FLAGS,
    'set-dirty': { value: 'required', metavar: 'RANGES', help: 'regions to be copied: 5,17-20' },
    'set-clean': {
      value: 'required',
      metavar: 'RANGES',
      help: 'regions to be taken as equal; needs the receipt of a whole comparison',
    },
    receipt: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'of log verify --legs: the proof for --set-clean',
    },
  },
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl log edit m0 --set-dirty 5,17-20', does: 'have these regions copied again' },
  ],
  notes: [
    'Setting a region dirty costs a copy. Setting one clean that is not equal on all legs loses data, so it takes the receipt of log verify --legs, and the receipt must say that the region is equal.',
  ],

  async run(outside, input, flags) {
    const log = await readLogInput(outside, input.one('LOG'), flags);
    const examined = examine(log.excerpt, log.facts);
    const regions = examined.cleanBits?.regionCount ?? null;
    if (examined.state === 'foreign' || regions === null) {
      const hint = 'see mirrorctl log repair';
      throw new MirrorError(
        'LOG_MAGIC_MISSING',
        `${log.place.shown} has no bits to edit`,
        {},
        hint,
      );
    }
    const spansOf = (name: string): RegionSpan[] => {
      const text = flags.value(name);
      return text === null ? [] : parseRanges(text, regions);
    };
    const [dirty, clean] = [spansOf('set-dirty'), spansOf('set-clean')];
    if (dirty.length + clean.length === 0) {
      throw new MirrorError('USAGE', 'nothing to edit', {}, 'give --set-dirty or --set-clean');
    }
    const receipt = flags.value('receipt');
    if (clean.length > 0) {
      if (receipt === null) throw proofMissing();
      const file = path.resolve(outside.cwd, receipt);
      const runs = await provenRuns(outside, log, examined, input.all('LEG'), file);
      if (!areProvenEqual(clean, runs)) throw notEqual(file, clean);
    } else if (receipt !== null || input.all('LEG').length > 0) {
      throw new MirrorError(
        'USAGE',
        'a receipt and legs are only for --set-clean',
        {},
        'leave them out',
      );
    }
    const plan = planEdit(examined, dirty, clean);
    const loss = `bits of ${log.place.shown} are changed: the next activation copies other regions than it would now`;
    await changeLog(outside, flags, { place: log.place, excerpt: log.excerpt, ...plan, loss });
    return EXIT.ok;
  },
};

function proofMissing(): MirrorError {
  const hint = 'make one: mirrorctl log verify LOG --legs --receipt FILE';
  return new MirrorError('USAGE', '--set-clean needs the receipt of a comparison', {}, hint);
}

function notEqual(file: string, clean: readonly RegionSpan[]): MirrorError {
  const message = `by ${file} the legs are not equal in all of ${formatRanges(clean)}`;
  return new MirrorError('USAGE', message, {}, 'nothing was changed');
}
