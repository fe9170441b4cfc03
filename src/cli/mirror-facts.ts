/**
 * What the command line and the registry say about the mirror that a log belongs to: its size and region
 * size, what the next activation was told, and what its sidecar remembers.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorFacts } from '../forensics/log-excerpt.ts';
import { NO_FACTS } from '../forensics/log-excerpt.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { ByteCount } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { parseTableLine } from '../mirror-set/table-line.ts';
import type { Places } from '../registry/places.ts';
import { readSidecar } from '../registry/sidecar-file.ts';
import type { Flag } from './command.ts';
import type { Flags } from './given.ts';

export const MIRROR_FACT_FLAGS: Readonly<Record<string, Flag>> = {
  'region-size': {
    value: 'required',
    metavar: 'SIZE',
    help: 'the mirror’s region size; a log does not record it',
  },
  size: {
    value: 'required',
    metavar: 'SIZE',
    help: 'the mirror’s length; the region size follows from it',
  },
  table: {
    value: 'required',
    metavar: 'LINE',
    help: 'instead of both: the mirror’s dmsetup table line',
  },
  'block-size': {
    value: 'required',
    metavar: 'SIZE',
    help: 'logical block size of the log’s device, when this is a copy of it',
  },
};

/** What the flags alone say. */
export function mirrorFacts(flags: Flags): MirrorFacts {
  const table = flags.value('table');
  if (table !== null) return { ...NO_FACTS, ...tableFacts(table, flags) };
  const given = ['size', 'region-size'].filter((name) => flags.has(name));
  const source = given.length === 0 ? null : given.map((name) => `--${name}`).join(', ');
  const sizes = {
    sizeBytes: sizeFrom(flags, 'size'),
    regionSizeBytes: sizeFrom(flags, 'region-size'),
  };
  return checked({ ...NO_FACTS, ...sizes, source });
}

/** The same, and what is known of the mirror. Flags come first: whoever types them may know better. */
export function factsOfMirror(flags: Flags, places: Places, spec: MirrorSpec): MirrorFacts {
  const told = mirrorFacts(flags);
  const isWhole = told.sizeBytes !== null && told.regionSizeBytes !== null;
  const known = `the definition of ${spec.name}`;
  return checked({
    sizeBytes: told.sizeBytes ?? spec.sizeBytes,
    regionSizeBytes: told.regionSizeBytes ?? spec.regionSizeBytes,
    source: isWhole ? told.source : [told.source, known].filter((one) => one !== null).join(', '),
    readOnly: spec.readOnly,
    ...memoryOf(places, spec),
  });
}

function checked(facts: MirrorFacts): MirrorFacts {
  const { sizeBytes, regionSizeBytes } = facts;
  if (sizeBytes !== null && regionSizeBytes !== null) RegionGeometry.of(sizeBytes, regionSizeBytes);
  return facts;
}

function tableFacts(
  table: string,
  flags: Flags,
): Pick<MirrorFacts, 'sizeBytes' | 'regionSizeBytes' | 'source'> {
  if (flags.has('size') || flags.has('region-size')) {
    throw new MirrorError(
      'USAGE',
      '--table already says --size and --region-size',
      {},
      'leave them out',
    );
  }
  const { sizeBytes, regionSizeBytes } = parseTableLine(table);
  return { sizeBytes, regionSizeBytes, source: '--table' };
}

function sizeFrom(flags: Flags, name: string): ByteCount | null {
  const text = flags.value(name);
  return text === null ? null : parseSize(text, `--${name}`);
}

/** What an activation would go by. A sidecar that cannot be read is as good as none. */
function memoryOf(places: Places, spec: MirrorSpec): Pick<MirrorFacts, 'intents' | 'memory'> {
  const { syncIntent, logIntent } = spec;
  const read = readSidecar(places, spec);
  const sidecar = read.ok ? read.value : null;
  if (sidecar === null)
    return { intents: { syncIntent, logIntent, remembered: null }, memory: null };
  const { open, logTrusted, legs } = sidecar;
  const legsThatMiss = legs.flatMap(({ missesSince }, leg) => (missesSince === null ? [] : [leg]));
  return {
    intents: {
      // Without trust in the log everything is copied, as if it had been asked for.
      syncIntent: logTrusted ? syncIntent : 'sync',
      logIntent,
      remembered: sidecar,
    },
    memory: { open, logTrusted, legsThatMiss },
  };
}
