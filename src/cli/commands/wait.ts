/** `mirrorctl wait NAME --until …`: returns when a running mirror is as wanted. */
import type { MirrorStatus } from '../../control-protocol/mirror-status.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import type { Places } from '../../registry/places.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { ask } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG, Progress } from '../progress.ts';
import { recoveryJob, showRecovery } from '../recovery-progress.ts';
import { placesFor } from '../state-places.ts';
import { recoveryOf } from '../status-text.ts';

const CONDITIONS: Readonly<Record<string, (status: MirrorStatus) => boolean>> = {
  'in-sync': ({ inSyncRegions, regionCount }) => inSyncRegions === regionCount,
  idle: ({ activity }) => activity === 'idle',
  healthy: ({ health }) => health === 'ok',
};

const LOOK_EVERY_MS = 200;

export const command: Command = {
  args: [MIRROR],
  usage: `NAME --until ${Object.keys(CONDITIONS).join('|')}`,
  flags: {
    until: {
      value: 'required',
      choices: Object.keys(CONDITIONS),
      help: 'in-sync: all legs are equal; idle: nothing is copied; healthy: also no leg is out of order',
    },
    timeout: { value: 'required', metavar: 'SECS', help: 'give up after SECS seconds' },
    ...PROGRESS_FLAG,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl wait m0 --until in-sync', does: 'go on once recovery is through' },
    {
      words: 'mirrorctl wait m0 --until healthy --timeout 60',
      does: 'but no longer than a minute',
    },
  ],
  notes: [],
  exitCodes: { [EXIT.ok]: 'it is so', [EXIT.tryAgain]: 'the time is over' },

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const { name } = readDefinition(places, input.one('NAME'));
    const progress = new Progress(outside, flags, recoveryJob(name));
    try {
      await waitUntil(outside, places, name, flags, progress);
    } finally {
      progress.end();
    }
    if (flags.has('json')) outside.print(`${JSON.stringify({ mirror: name, reached: true })}\n`);
    return EXIT.ok;
  },
};

async function waitUntil(
  outside: Outside,
  places: Places,
  name: string,
  flags: Flags,
  progress: Progress,
): Promise<void> {
  const isReached = conditionFrom(flags);
  const timeoutMs = timeoutFrom(flags);
  const interruption = outside.interruption();
  const begun = outside.now().getTime();
  for (;;) {
    const { status } = await ask(places, name, { ask: 'status' }, 'status');
    if (isReached(status)) return;
    showRecovery(progress, status);
    if (outside.now().getTime() - begun >= timeoutMs) throw timedOut(status, flags);
    await outside.sleep(LOOK_EVERY_MS);
    interruption.throwIfAborted();
  }
}

function conditionFrom(flags: Flags): (status: MirrorStatus) => boolean {
  const condition = CONDITIONS[flags.value('until') ?? ''];
  if (condition !== undefined) return condition;
  const hint = `add --until ${Object.keys(CONDITIONS).join('|')}`;
  throw new MirrorError('USAGE', 'wait: --until is missing', {}, hint);
}

/** Infinity without `--timeout`. */
function timeoutFrom(flags: Flags): number {
  const given = flags.value('timeout');
  if (given === null) return Infinity;
  if (/^\d{1,9}(\.\d+)?$/.test(given)) return Number(given) * 1000;
  const hint = 'give a number of seconds';
  throw new MirrorError('USAGE', `--timeout cannot be ${given}`, { value: given }, hint);
}

function timedOut(status: MirrorStatus, flags: Flags): MirrorError {
  const wanted = `${status.name} is not ${flags.value('until')} after ${flags.value('timeout')} s`;
  const hint = status.recovery.paused
    ? `recovery is paused: mirrorctl recovery resume ${status.name}`
    : `recovery: ${recoveryOf(status)}`;
  return new MirrorError('WAIT_TIMED_OUT', wanted, { mirror: status.name }, hint);
}
