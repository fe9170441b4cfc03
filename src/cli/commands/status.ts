/**
 * `mirrorctl status [NAME…]`: health, recovery, legs and log of mirrors, running or not.
 *
 * The same facts in four forms: text for people, JSON for scripts, the kernel's line for what already
 * reads `dmsetup status`, and /proc/mdstat's manner.
 */
import type { StatusDocument } from '../../control-protocol/mirror-status.ts';
import { STATUS_SCHEMA } from '../../control-protocol/mirror-status.ts';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { printStatusLine } from '../../mirror-set/status-line.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import type { Places } from '../../registry/places.ts';
import type { Command } from '../command.ts';
import { nameDevice } from '../device-names.ts';
import { failureLine } from '../failure-report.ts';
import type { Flags } from '../given.ts';
import { InPlace } from '../in-place.ts';
import type { Listed } from '../observe.ts';
import { listAll, observe, parted } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';
import { describeAsMdstat } from '../status-mdstat.ts';
import { describeListed } from '../status-text.ts';

const FORMATS = ['text', 'json', 'dm', 'mdstat'] as const;
type Format = (typeof FORMATS)[number];

const WATCH_SECONDS_DEFAULT = 2;
const WATCH_SECONDS_MIN = 0.1;
const WATCH_SECONDS_MAX = 86_400;

export const command: Command = {
  args: [
    {
      name: 'NAME',
      help: 'only these mirrors; default all',
      min: 0,
      max: Infinity,
      completes: 'mirror',
    },
  ],
  flags: {
    watch: {
      value: 'optional',
      metavar: 'SECS',
      help: `show it again every SECS seconds (default ${WATCH_SECONDS_DEFAULT}) until interrupted`,
    },
    format: {
      value: 'required',
      choices: FORMATS,
      help: 'text; json, as --json; dm, the line of `dmsetup status`; mdstat, as /proc/mdstat',
    },
    check: { value: 'none', help: 'exit with 1 unless every mirror shown is healthy' },
  },
  changes: false,
  examples: [
    { words: 'mirrorctl status', does: 'look at all mirrors' },
    { words: 'mirrorctl status m0 --watch 1', does: 'follow the recovery of m0' },
    { words: 'mirrorctl status --check >/dev/null || mail …', does: 'raise an alarm' },
  ],
  notes: [
    'Of a mirror that is not active it shows what its definition, its log and its legs tell; what nobody knows is null in JSON, and - in the kernel’s line.',
  ],
  exitCodes: {
    [EXIT.findings]: 'with --check: a mirror is not healthy',
    [EXIT.badConfig]: 'a definition is damaged; the other mirrors are shown all the same',
  },

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const format = formatFrom(flags);
    const names = input.all('NAME');
    const seconds = watchSecondsFrom(flags);
    if (seconds !== null) return watch(outside, places, names, format, seconds);
    const listed = await observeAll(places, names);
    outside.print(render(listed, format, outside.now()));
    const { mirrors, faults } = parted(listed);
    if (format === 'dm' || format === 'mdstat') {
      // Their forms have no place for it.
      for (const { fault } of faults) outside.printAside(`${failureLine(fault)}\n`);
    }
    const [first] = faults;
    if (first !== undefined) return first.fault.exitCode;
    const healthy = mirrors.every(({ health }) => health === 'ok');
    return flags.has('check') && !healthy ? EXIT.findings : EXIT.ok;
  },
};

/** Of mirrors asked for by name, a fault is the answer; else one bad definition hides no other mirror. */
async function observeAll(places: Places, names: readonly string[]): Promise<Listed[]> {
  if (names.length === 0) return listAll(places);
  const specs = [...new Set(names)].map((name) => readDefinition(places, name));
  return Promise.all(
    specs.map(async (spec) => ({ name: spec.name, status: await observe(places, spec) })),
  );
}

export function render(listed: readonly Listed[], format: Format, now: Date): string {
  const { mirrors, faults } = parted(listed);
  switch (format) {
    case 'text':
      if (listed.length === 0) return 'there are no mirrors\n';
      return `${listed.map((one) => describeListed(one).join('\n')).join('\n\n')}\n`;
    case 'json': {
      const document: StatusDocument = {
        schema: STATUS_SCHEMA,
        observedAt: now.toISOString(),
        mirrors,
        invalid: faults.map(({ name, fault: { code, message, hint } }) => ({
          ...{ name, error: { code, message, hint } },
        })),
      };
      return `${JSON.stringify(document)}\n`;
    }
    case 'dm':
      return mirrors.map((status) => `${printStatusLine(status, nameDevice)}\n`).join('');
    case 'mdstat':
      return `${describeAsMdstat(mirrors).join('\n')}\n`;
  }
}

/** Ends with the interruption, which is thrown. */
async function watch(
  outside: Outside,
  places: Places,
  names: readonly string[],
  format: Format,
  seconds: number,
): Promise<ExitCode> {
  const interruption = outside.interruption();
  const screen = new InPlace(outside, format === 'dm' ? '' : '\n');
  const show = (text: string) => (format === 'json' ? outside.print(text) : screen.show(text));
  while (!interruption.aborted) {
    show(render(await observeAll(places, names), format, outside.now()));
    await outside.sleep(seconds * 1000);
  }
  throw interruption.reason;
}

function formatFrom(flags: Flags): Format {
  const given = flags.value('format');
  const format = FORMATS.find((known) => known === given);
  if (!flags.has('json')) return format ?? 'text';
  if (format === undefined || format === 'json') return 'json';
  const hint = 'give one of them';
  throw new MirrorError('USAGE', `--json contradicts --format ${format}`, {}, hint);
}

function watchSecondsFrom(flags: Flags): number | null {
  const given = flags.value('watch');
  if (given === null) return null;
  if (flags.has('check')) {
    const hint = 'mirrorctl wait NAME --until healthy waits for it';
    throw new MirrorError('USAGE', '--watch contradicts --check', {}, hint);
  }
  const seconds = given === '' ? WATCH_SECONDS_DEFAULT : Number(given);
  if (seconds >= WATCH_SECONDS_MIN && seconds <= WATCH_SECONDS_MAX) return seconds;
  const hint = `give ${WATCH_SECONDS_MIN} to ${WATCH_SECONDS_MAX} seconds`;
  throw new MirrorError('USAGE', `--watch cannot be ${given}`, { value: given }, hint);
}
