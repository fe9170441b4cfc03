/**
 * `mirrorctl why NAME REGION|@OFFSET`: what state a region is in, since when and by what, and what
 * happens to it next. The engine knows best; without one, the sidecar, the log and what was noted.
 */
import type { CheckReport } from '../../control-protocol/check-report.ts';
import { CLEAN_BITS_OFFSET } from '../../dirty-log/disk-format.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { RegionGeometry } from '../../geometry/region-geometry.ts';
import { formatBytes, parseSize } from '../../geometry/size-words.ts';
import { byteOffset } from '../../geometry/units.ts';
import type { MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import { readCheck } from '../../registry/check-file.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { readEvents } from '../../registry/event-file.ts';
import type { Places } from '../../registry/places.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { printable } from '../failure-report.ts';
import { ask, isEngineMissing, observe } from '../observe.ts';
import { offlineFacts } from '../offline-status.ts';
import { regionStates, runOf } from '../region-states.ts';
import { placesFor } from '../state-places.ts';
import { twoColumns } from '../text-layout.ts';
import type { Explanation } from '../why-words.ts';
import { checkWords, explainFiles, explainServed } from '../why-words.ts';

interface Answer extends Explanation {
  readonly from: 'engine' | 'log';
  readonly legs: readonly string[];
  /** The bit in the log; null: in memory only. */
  readonly clean: boolean | null;
  readonly check: string;
}

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
  notes: [
    'It says which legs hold the region, since when it is as it is and by which write or error, where its bit lies in the log, what the last check found, and what happens next. What nobody knows without an engine is left out, null in JSON.',
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
    const region = parseRegion(input.one('REGION'), geometry);
    const answer =
      (await askTheEngine(places, spec, region)) ?? (await askTheFiles(places, spec, region));
    const first = region * geometry.regionBytes;
    const bytes = [first, Math.min(first + geometry.regionBytes, geometry.sizeBytes)] as const;
    if (flags.has('json')) {
      outside.print(`${JSON.stringify(documentOf(spec, region, bytes, answer))}\n`);
      return EXIT.ok;
    }
    const title = `region ${region} of ${spec.name}: bytes ${bytes[0]} to ${bytes[1] - 1} (at ${formatBytes(first)})`;
    outside.print(`${[title, ...linesOf(spec, region, answer)].join('\n')}\n`);
    return EXIT.ok;
  },
};

/** Null: no engine runs. Throws REGION_UNKNOWN. */
async function askTheEngine(
  places: Places,
  spec: MirrorSpec,
  region: number,
): Promise<Answer | null> {
  const { name } = spec;
  refusePastEnd(spec, region);
  try {
    const { why } = await ask(places, name, { ask: 'why', region }, 'why');
    const { status } = await ask(places, name, { ask: 'status' }, 'status');
    const { check } = await ask(places, name, { ask: 'check' }, 'check');
    const explanation = explainServed(why, status);
    return { ...explanation, from: 'engine', clean: why.logClean, ...shared(spec, check, region) };
  } catch (error) {
    if (isEngineMissing(error)) return null;
    throw error;
  }
}

/** Throws ENGINE_UNREACHABLE for a mirror whose log is in memory only. */
async function askTheFiles(places: Places, spec: MirrorSpec, region: number): Promise<Answer> {
  const status = await observe(places, spec);
  const { runs } = await regionStates(places, spec);
  const { state } = runOf(region, status.regionCount, runs);
  const { sidecar, plan } = offlineFacts(places, spec);
  const known = sidecar.ok ? sidecar.value : null;
  const check = readCheck(places, spec);
  const explanation = explainFiles(
    {
      state: state === 'clean' ? 'clean' : 'nosync',
      missesSince: known?.legs.map(({ missesSince }) => missesSince) ?? [],
      primary: known?.primary ?? spec.source,
      reason: plan.ok ? plan.value.reason : plan.error.message,
      differs: isDiffering(check, region),
      lastEvent: readEvents(places, spec.name).at(-1) ?? null,
    },
    status,
  );
  return { ...explanation, from: 'log', clean: state === 'clean', ...shared(spec, check, region) };
}

function shared({ legs }: MirrorSpec, check: CheckReport | null, region: number) {
  return { legs: legs.map(({ path }) => path), check: checkWords(check, region) };
}

function isDiffering(check: CheckReport | null, region: number): boolean {
  const runs = check?.differing ?? [];
  for (let place = 0; place < runs.length; place += 2) {
    const first = runs[place] ?? 0;
    if (region >= first && region < first + (runs[place + 1] ?? 0)) return true;
  }
  return false;
}

function refusePastEnd({ sizeBytes, regionSizeBytes }: MirrorSpec, region: number): void {
  runOf(region, RegionGeometry.of(sizeBytes, regionSizeBytes).regionCount, [
    { first: 0, count: region + 1, state: 'clean' },
  ]);
}

/** Where the region's bit lies; byte 0 is the log's first. */
function placeOf(region: number): { readonly byte: number; readonly mask: number } {
  return { byte: CLEAN_BITS_OFFSET + Math.floor(region / 8), mask: 1 << (region % 8) };
}

function documentOf(
  spec: MirrorSpec,
  region: number,
  bytes: readonly [number, number],
  answer: Answer,
) {
  const { legs, clean, check, ...explanation } = answer;
  const log = spec.log.type === 'core' ? null : { ...placeOf(region), clean };
  return { schema: 'mirrorctl.why/1', name: spec.name, region, bytes, ...explanation, log, check };
}

function linesOf(spec: MirrorSpec, region: number, answer: Answer): string[] {
  const { state, since, holders, missing, writes, legs, because, check, next } = answer;
  const names = (indices: readonly number[]) => indices.map((leg) => legs[leg]).join(', ');
  const rows: (readonly [string, string])[] = [
    ['state:', state],
    ...(since === null ? [] : [['since:', since] as const]),
    ...(holders === null ? [] : [['held by:', names(holders)] as const]),
    ...(missing === null || missing.length === 0 ? [] : [['missed by:', names(missing)] as const]),
    ...(writes === null
      ? []
      : [['writes:', `${writes.inFlight} in flight, ${writes.delayed} waiting`] as const]),
    ['log bit:', logBitOf(spec, region, answer)],
    ['check:', check],
    ...because.map((line, index) => [index === 0 ? 'because:' : '', line] as const),
    ['next:', next],
  ];
  return twoColumns(rows, Infinity, '  ').map(printable);
}

function logBitOf({ log }: MirrorSpec, region: number, { clean, state, from }: Answer): string {
  const bit = clean === true ? 'clean' : 'dirty';
  if (log.type === 'core') return `${bit}, in memory only`;
  const { byte, mask } = placeOf(region);
  const place = `byte ${byte}, mask 0x${mask.toString(16).padStart(2, '0')}`;
  return from === 'log' && state !== 'clean'
    ? `${place}: not believed, or dirty`
    : `${place}: ${bit}`;
}

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
