/** `mirrorctl why NAME REGION|@OFFSET`: what the state of one region means for its data. */
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { RegionGeometry } from '../../geometry/region-geometry.ts';
import { formatBytes, parseSize } from '../../geometry/size-words.ts';
import { byteOffset } from '../../geometry/units.ts';
import type { RegionState } from '../../region/region-state.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { observe } from '../observe.ts';
import type { RegionStates } from '../region-states.ts';
import { regionStates, runOf } from '../region-states.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [
    MIRROR,
    {
      name: 'REGION',
      help: 'its number, or @OFFSET: the region that holds this byte of the mirror (@1G, @2048s)',
      min: 1,
      max: 1,
      completes: 'nothing',
    },
  ],
  usage: 'NAME REGION|@OFFSET',
  flags: {},
  changes: false,
  examples: [
    { words: 'mirrorctl why m0 17', does: 'explain region 17' },
    { words: 'mirrorctl why m0 @1.5G', does: 'explain the region at 1.5 GiB' },
  ],
  notes: [],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
    const region = parseRegion(input.one('REGION'), geometry);
    const states = await regionStates(places, spec);
    const run = runOf(region, geometry.regionCount, states.runs);
    const source = (await observe(places, spec)).legs.find(({ primary }) => primary)?.path ?? '';
    const because = explain(run.state, states.from, source);
    const first = region * geometry.regionBytes;
    const bytes = [first, Math.min(first + geometry.regionBytes, geometry.sizeBytes)] as const;
    if (flags.has('json')) {
      const { state } = run;
      const document = {
        schema: 'mirrorctl.why/1',
        name: spec.name,
        region,
        bytes,
        state,
        because,
      };
      outside.print(`${JSON.stringify(document)}\n`);
      return EXIT.ok;
    }
    const span = `${run.count === 1 ? 'alone' : `with regions ${run.first} to ${run.first + run.count - 1}`}`;
    outside.print(
      `region ${region} of ${spec.name}: bytes ${bytes[0]} to ${bytes[1] - 1} (at ${formatBytes(first)})\n` +
        `state: ${run.state}, ${span}\n` +
        because.map((line) => `  ${line}\n`).join(''),
    );
    return EXIT.ok;
  },
};

/** Throws USAGE, SIZE_MALFORMED or REGION_UNKNOWN. */
function parseRegion(word: string, geometry: RegionGeometry): number {
  if (word.startsWith('@')) {
    const offset = parseSize(word.slice(1), 'the offset');
    if (offset < geometry.sizeBytes) return geometry.regionOf(byteOffset(offset));
    const hint = `the mirror has ${geometry.sizeBytes} bytes`;
    throw new MirrorError('REGION_UNKNOWN', `byte ${offset} is past its end`, { offset }, hint);
  }
  if (!/^\d{1,15}$/.test(word)) {
    const hint = 'give its number, or @OFFSET';
    throw new MirrorError('USAGE', `${word} is no region`, { value: word }, hint);
  }
  return Number(word);
}

const MEANINGS: Readonly<Record<RegionState, readonly string[]>> = {
  clean: [
    'all legs hold the same data here, and no write is under way',
    'the log says so durably: after a crash it is not copied',
  ],
  dirty: [
    'all legs hold the same data here, but a write or a copy is under way or has been lately',
    'the log marks it: after a crash it is copied, because a write may have reached one leg only',
  ],
  nosync: [
    'the legs may differ here: it waits for recovery',
    'reads come from a leg that has the data; writes go to all legs that can take them',
    'the log marks it and will not forget it before it is copied',
  ],
  quiescing: ['it is next to be copied: recovery waits for the writes under way to end'],
  recovering: ['it is being copied: writes to it wait until that is done'],
};

function explain(
  state: RegionState,
  from: RegionStates['from'],
  source: string,
): readonly string[] {
  if (from === 'engine') {
    const copied = state === 'nosync' || state === 'recovering' || state === 'quiescing';
    return [...MEANINGS[state], ...(copied ? [`the right data is on ${source}`] : [])];
  }
  if (state === 'clean') {
    return ['the log says that all legs hold the same data here; it will not be copied'];
  }
  return [
    'the log does not vouch for it: the next activation copies it',
    `the right data is on ${source}`,
  ];
}
