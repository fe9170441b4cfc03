/** `mirrorctl log rebuild NEW LEG LEG…`: a new log from what the legs hold. */

import { RegionBitset } from '../../dirty-log/region-bitset.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { LegComparison } from '../../forensics/leg-comparison.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import { rebuiltLog } from '../../forensics/log-rebuild.ts';
import { formatRegions } from '../../geometry/size-words.ts';
import { byteCount } from '../../geometry/units.ts';
import type { Command } from '../command.ts';
import { LEGS_ARGUMENT } from '../leg-choice.ts';
import { compareWithLog } from '../log-proof.ts';
import { MIRROR_FACT_FLAGS, mirrorFacts } from '../mirror-facts.ts';
import { writeNewFile } from '../new-output.ts';
import { PROGRESS_FLAG } from '../progress.ts';

export const command: Command = {
  args: [
    { name: 'NEW', help: 'the file to make', min: 1, max: 1, completes: 'file' },
    { ...LEGS_ARGUMENT, min: 2, help: 'PATH or PATH@OFFSET of each leg, leg 0 first' },
  ],
  flags: {
    ...MIRROR_FACT_FLAGS,
    mark: {
      value: 'required',
      metavar: 'RULE',
      choices: ['all-dirty', 'equal-clean'],
      help: 'all-dirty (default): every region is copied; equal-clean: only those whose legs differ',
    },
    ...PROGRESS_FLAG,
  },
  changes: true,
  examples: [
    {
      words: 'mirrorctl log rebuild m0.log a.img b.img --region-size 512k --mark equal-clean',
      does: 'a log that has only the differences copied',
    },
  ],
  notes: [
    'For a mirror whose log is lost. The region size is needed: --region-size, or --table.',
    'The legs are compared while nobody writes to them. What is equal may be marked clean; which leg is right where they differ no comparison can tell.',
  ],

  async run(outside, input, flags) {
    const facts = mirrorFacts(flags);
    const blockBytes = byteCount(512);
    const nothing = {
      path: input.one('NEW'),
      bytes: new Uint8Array(),
      roomBytes: null,
      blockBytes,
    };
    const log = { excerpt: nothing, facts, spec: null };
    if (facts.regionSizeBytes === null) {
      const hint = 'give --region-size or --table';
      throw new MirrorError('GEOMETRY_INVALID', 'a new log needs a region size', {}, hint);
    }
    const words = input.all('LEG');
    const wholly = { sampleShare: null, receiptPath: null };
    const { comparison } = await compareWithLog(
      outside,
      log,
      examine(nothing, facts),
      words,
      flags,
      wholly,
    );
    const bits = equalBits(comparison, flags.value('mark') === 'equal-clean');
    const says = `${formatRegions(bits.regionCount)}, ${bits.count()} clean`;
    const dryRun = flags.has('dry-run');
    if (!dryRun) writeNewFile(outside, input.one('NEW'), rebuiltLog(bits, blockBytes));
    outside.print(
      flags.has('json')
        ? `${JSON.stringify({ path: input.one('NEW'), regionCount: bits.regionCount, cleanRegions: bits.count(), dryRun })}\n`
        : `${input.one('NEW')}: ${dryRun ? 'would be ' : ''}a new log of ${says}\n`,
    );
    return EXIT.ok;
  },
};

/** A comparison without a log calls every region dirty, so what is equal is `dirty-equal`. */
function equalBits({ runs, geometry }: LegComparison, markEqual: boolean): RegionBitset {
  const bits = new RegionBitset(geometry.regionCount);
  const equal = markEqual ? runs.filter(({ verdict }) => verdict === 'dirty-equal') : [];
  for (const { first, count } of equal) bits.fill(first, first + count, true);
  return bits;
}
