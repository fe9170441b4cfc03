/** `mirrorctl log damage LOG --output FILE`: a broken copy of a log, and the truth about it. */
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { DamageKind } from '../../forensics/log-damage.ts';
import { DAMAGE_KINDS, damageLog } from '../../forensics/log-damage.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { LOG_ARGUMENT, readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import { writeNewFile } from '../new-output.ts';

export const command: Command = {
  args: [LOG_ARGUMENT],
  flags: {
    ...MIRROR_FACT_FLAGS,
    output: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'where the broken copy goes; the file must not exist yet',
    },
    kind: {
      value: 'required',
      metavar: 'KIND',
      choices: DAMAGE_KINDS,
      help: `what to break; default: the seed decides`,
    },
    seed: { value: 'required', metavar: 'N', help: 'the same seed breaks the same way; default 1' },
  },
  changes: false,
  examples: [
    {
      words: 'mirrorctl log damage m0 --kind claim-clean --output broken.log',
      does: 'a copy that hides regions which are dirty',
    },
  ],
  notes: [
    'For training and tests: the log itself is only read. What was done is printed, with the regions that look clean and are not.',
    `Kinds: ${DAMAGE_KINDS.join(', ')}.`,
  ],

  async run(outside, input, flags) {
    const { excerpt, facts, place } = await readLogInput(outside, input.one('LOG'), flags);
    const log = examine(excerpt, facts);
    const isWhole = log.bytes.length >= (log.imageBytes ?? Number.POSITIVE_INFINITY);
    if (log.state !== 'normal' || log.ownRegionCount === 0 || !isWhole) {
      const hint = 'see mirrorctl log verify';
      throw new MirrorError('LOG_MAGIC_MISSING', `${place.shown} is broken already`, {}, hint);
    }
    const output = flags.value('output');
    if (output === null) throw new MirrorError('USAGE', 'where to?', {}, 'give --output FILE');
    const seed = seedFrom(flags);
    const chosen = DAMAGE_KINDS[seed % DAMAGE_KINDS.length] ?? 'aged';
    const kind = (flags.value('kind') as DamageKind | null) ?? chosen;
    const { bytes, done, falselyClean } = damageLog(log, kind, seed);
    const path = writeNewFile(outside, output, bytes);
    outside.print(
      flags.has('json')
        ? `${JSON.stringify({ schema: 'mirrorctl.log-damage/1', path, kind, seed, done, falselyClean })}\n`
        : `${path}: ${kind}, seed ${seed}: ${done}\n`,
    );
    return EXIT.ok;
  },
};

function seedFrom(flags: Flags): number {
  const text = flags.value('seed') ?? '1';
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seed <= 0xffffffff) return seed;
  throw new MirrorError('USAGE', `--seed ${text} is no number from 0 to 4294967295`);
}
