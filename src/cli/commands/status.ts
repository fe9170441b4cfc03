/**
 * `mirrorctl status [NAME…]`: health, recovery, legs and log of mirrors, running or not.
 *
 * The same facts in four forms: text for people, JSON for scripts, the kernel's line for what already
 * reads `dmsetup status`, and /proc/mdstat's manner.
 */
import type { MirrorStatus, StatusDocument } from '../../control-protocol/mirror-status.ts';
import { STATUS_SCHEMA } from '../../control-protocol/mirror-status.ts';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { printStatusLine } from '../../mirror-set/status-line.ts';
import { listMirrors, readDefinition } from '../../registry/definition-file.ts';
import type { Places } from '../../registry/places.ts';
import type { Command } from '../command.ts';
import { nameDevice } from '../device-names.ts';
import type { Flags } from '../given.ts';
import { observe } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';
import { describeAsMdstat } from '../status-mdstat.ts';
import { describeStatus } from '../status-text.ts';

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
  exitCodes: { [EXIT.findings]: 'with --check: a mirror is not healthy' },

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const format = formatFrom(flags);
    const names = input.all('NAME');
    const seconds = watchSecondsFrom(flags);
    if (seconds !== null) return watch(outside, places, names, format, seconds);
    const mirrors = await observeAll(places, names);
    outside.print(render(mirrors, format, outside.now()));
    const healthy = mirrors.every(({ health }) => health === 'ok');
    return flags.has('check') && !healthy ? EXIT.findings : EXIT.ok;
  },
};

async function observeAll(places: Places, names: readonly string[]): Promise<MirrorStatus[]> {
  const wanted = names.length > 0 ? [...new Set(names)] : listMirrors(places);
  const specs = wanted.map((name) => readDefinition(places, name));
  return Promise.all(specs.map((spec) => observe(places, spec)));
}

export function render(mirrors: readonly MirrorStatus[], format: Format, now: Date): string {
  switch (format) {
    case 'text':
      if (mirrors.length === 0) return 'there are no mirrors\n';
      return `${mirrors.map((status) => describeStatus(status).join('\n')).join('\n\n')}\n`;
    case 'json': {
      const document: StatusDocument = {
        schema: STATUS_SCHEMA,
        observedAt: now.toISOString(),
        mirrors,
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
  const inPlace = outside.stdoutIsTerminal && format !== 'json';
  let rowsShown = 0;
  while (!interruption.aborted) {
    const text = render(await observeAll(places, names), format, outside.now());
    // Back over what was shown last, and erase from there: the screen above is the owner's.
    const back = inPlace && rowsShown > 0 ? `\u001b[${rowsShown}F\u001b[0J` : '';
    outside.print(`${back}${text}`);
    rowsShown = rowsOf(text, outside.columns());
    await outside.sleep(seconds * 1000);
  }
  throw interruption.reason;
}

/** How many rows of the terminal `text` takes, its long lines folded. */
function rowsOf(text: string, columns: number): number {
  const lines = text.split('\n').slice(0, -1);
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / columns)), 0);
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
