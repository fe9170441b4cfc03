/** `mirrorctl regions NAME`: the states of all regions, as runs of neighbours in one state. */
import type { RegionRun } from '../../control-protocol/control-request.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import type { RegionState } from '../../region/region-state.ts';
import { REGION_STATES } from '../../region/region-state.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { regionStates } from '../region-states.ts';
import { placesFor } from '../state-places.ts';
import { tableLines } from '../text-layout.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {
    state: {
      value: 'required',
      metavar: 'S,S',
      help: `only regions in these states: ${REGION_STATES.join(', ')}`,
    },
  },
  changes: false,
  examples: [
    { words: 'mirrorctl regions m0 --state nosync', does: 'see what is still to be copied' },
  ],
  notes: [
    'Of a mirror that is not active it shows what the next activation will believe of the log: regions are clean or nosync.',
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const wanted = wantedStates(flags);
    const spec = readDefinition(places, input.one('NAME'));
    const { from, runs } = await regionStates(places, spec);
    const shown = runs.filter(({ state }) => wanted.includes(state));
    if (flags.has('json')) {
      const regions = shown.map((run) => ({ ...run, ...extentOf(run, spec) }));
      const { name, sizeBytes, regionSizeBytes } = spec;
      const document = { schema: 'mirrorctl.regions/1', name, from, sizeBytes, regionSizeBytes };
      outside.print(`${JSON.stringify({ ...document, regions })}\n`);
      return EXIT.ok;
    }
    const rows = shown.map((run) => {
      const { offsetBytes, lengthBytes } = extentOf(run, spec);
      return [run.first, run.count, offsetBytes, lengthBytes, run.state].map(String);
    });
    const head = ['FIRST', 'COUNT', 'OFFSET', 'BYTES', 'STATE'];
    const lines = tableLines([head, ...rows], ['right', 'right', 'right', 'right', 'left']);
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};

function wantedStates(flags: Flags): readonly RegionState[] {
  const given = flags.value('state');
  if (given === null) return REGION_STATES;
  return given.split(',').map((word) => {
    const state = REGION_STATES.find((known) => known === word);
    if (state !== undefined) return state;
    const hint = `give ${REGION_STATES.join(', ')}, with commas between`;
    throw new MirrorError('USAGE', `--state: there is no state ${word}`, { value: word }, hint);
  });
}

function extentOf({ first, count }: RegionRun, { sizeBytes, regionSizeBytes }: MirrorSpec) {
  const offsetBytes = first * regionSizeBytes;
  return { offsetBytes, lengthBytes: Math.min(count * regionSizeBytes, sizeBytes - offsetBytes) };
}
