/**
 * `mirrorctl deactivate NAME`: stops the engine in order, and says whether the log is clean.
 *
 *   ask the engine ─▶ it flushes, cleans the log, answers ─▶ it lets go of the mirror ─▶ 0
 */

import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { formatRegions } from '../../geometry/size-words.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { whoActivated } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ask } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';

/** A leg that hangs may hold up the last flush for as long as its device takes to give up. */
const DEACTIVATE_MS_MAX = 10 * 60 * 1000;
/** After its answer the engine only closes what it had open. */
const LET_GO_MS_MAX = 10_000;
const LOOK_EVERY_MS = 20;

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [{ words: 'mirrorctl deactivate m0', does: 'stop serving m0 and close its legs' }],
  notes: [
    'Requests in flight are answered, the legs flushed, the log cleaned. Regions that were not yet recovered stay marked and are copied after the next activation.',
  ],
  exitCodes: {
    [EXIT.ok]: 'stopped, and the log is clean',
    [EXIT.findings]: 'stopped, but the log still marks regions that were in sync',
    [EXIT.engineUnavailable]: 'it was not active',
  },

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const { name } = readDefinition(places, input.one('NAME'));
    if (flags.has('dry-run')) return plan(outside, places, name, flags.has('json'));
    const answer = await ask(places, name, { ask: 'deactivate' }, 'deactivated', DEACTIVATE_MS_MAX);
    await waitUntilLetGo(outside, places, name);
    const { outOfSyncRegions, logClean } = answer;
    if (flags.has('json')) {
      outside.print(
        `${JSON.stringify({ mirror: name, outOfSyncRegions, logClean, dryRun: false })}\n`,
      );
    } else {
      outside.print(`${describe(name, outOfSyncRegions, logClean)}\n`);
    }
    return logClean ? EXIT.ok : EXIT.findings;
  },
};

async function plan(outside: Outside, places: Places, name: string, asJson: boolean) {
  const { status } = await ask(places, name, { ask: 'status' }, 'status');
  const { pid, inSyncRegions, regionCount } = status;
  const outOfSyncRegions = inSyncRegions === null ? null : regionCount - inSyncRegions;
  if (asJson) {
    outside.print(`${JSON.stringify({ mirror: name, pid, outOfSyncRegions, dryRun: true })}\n`);
  } else {
    outside.print(
      `would stop process ${pid}, which serves ${name}; ${outOfSyncText(outOfSyncRegions)}\n`,
    );
  }
  return EXIT.ok;
}

/** So that whoever activates it next does not meet the last breath of this engine. */
async function waitUntilLetGo(outside: Outside, places: Places, name: string): Promise<void> {
  for (let waited = 0; waited < LET_GO_MS_MAX; waited += LOOK_EVERY_MS) {
    if (whoActivated(places, name) === 'nobody') return;
    await outside.sleep(LOOK_EVERY_MS);
  }
  const holder = whoActivated(places, name);
  if (holder === 'nobody') return;
  const message = `the engine of ${name} has stopped, but process ${holder.pid} does not end`;
  const hint = `look at process ${holder.pid}`;
  throw new MirrorError('MIRROR_BUSY', message, { mirror: name }, hint);
}

function outOfSyncText(regions: number | null): string {
  if (regions === null) return 'nobody knows how many regions are out of sync';
  return `${formatRegions(regions)} out of sync`;
}

function describe(name: string, outOfSync: number, logClean: boolean): string {
  if (!logClean) {
    return `${name} is stopped, but its log is not clean; the next activation copies more than it must`;
  }
  return outOfSync === 0
    ? `${name} is stopped; all regions are in sync and clean`
    : `${name} is stopped; ${formatRegions(outOfSync)} left to be copied after the next activation`;
}
