/** The engine of a table: at an activation from what the log says, later from the engine before it. */
import { CoreLog } from '../dirty-log/core-log.ts';
import type { DirtyLog } from '../dirty-log/dirty-log.ts';
import { logImageBytes } from '../dirty-log/disk-format.ts';
import { DiskLog } from '../dirty-log/disk-log.ts';
import { Engine } from '../engine/engine.ts';
import { invariant } from '../errors/invariant.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { LegMask } from '../region/leg-content.ts';
import {
  LegContent,
  legsOf,
  maskOf,
  maskOfLegs,
  NO_LEGS,
  union,
  without,
} from '../region/leg-content.ts';
import type { EngineStart, TableLoad } from './worker-messages.ts';

/** Recovery copies in flight together, at least and at most; in between, about this many bytes. */
const RECOVERIES_MIN = 4;
const RECOVERIES_MAX = 64;
const RECOVERY_BYTES = 16 * 1024 * 1024;

/** What is not clean in the log is on the primary alone. */
export function activatedEngine(
  { spec, log: start, primary, blank, missing }: EngineStart,
  view: EngineView,
): Engine {
  const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const log = openLog(start, geometry);
  const content = new LegContent(geometry.regionCount, spec.legs.length, view.missing);
  const others = without(content.all, maskOf(primary));
  for (let region = 0; region < geometry.regionCount; region += 1) {
    if (!log.isClean(region as RegionIndex)) content.miss(region as RegionIndex, others);
  }
  if (blank.length > 0) missEverything(maskOfLegs(blank), content, log);
  content.serve(without(content.all, maskOfLegs(missing)));
  return engineOf(spec, geometry, { log, content, primary }, view);
}

/**
 * `before` has stopped: nothing is in flight, and its legs are flushed, as far as that could be done. Who
 * holds what is carried over, with what could not be flushed, and the whole log written anew from it, so
 * that whatever the log's device says by now is of no importance. A leg that comes misses everything; a
 * region that is new, or torn, is the primary's.
 */
export function reloadedEngine(before: Engine, load: TableLoad, view: EngineView): Engine {
  const { spec, known } = load;
  const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const { content: was, geometry: old } = before.state;
  const content = new LegContent(geometry.regionCount, spec.legs.length, view.missing);
  const primary = spec.source;
  const log = newLog(load, before.state.log, geometry);
  const translated = translation(known, was.all);
  const others = without(content.all, maskOf(primary));
  for (
    let region = 0 as RegionIndex;
    region < geometry.regionCount;
    region = (region + 1) as RegionIndex
  ) {
    const isWhole = old.contains(region) && old.lengthOf(region) === geometry.lengthOf(region);
    const missing = isWhole ? translated(was.missing(region)) : others;
    if (missing === NO_LEGS) continue;
    content.miss(region, missing);
    log.mark(region);
  }
  content.serve(without(content.all, translated(without(was.all, was.inService), NO_LEGS)));
  const engine = engineOf(spec, geometry, { log, content, primary }, view);
  engine.state.takeOver(before.state, known);
  return engine;
}

/** From masks of legs as they were counted before to masks as they are counted now. */
function translation(known: TableLoad['known'], all: LegMask) {
  const placeOf = new Map(known.map((old, leg) => [old, leg as LegIndex]));
  const newcomers = maskOfLegs(
    known.flatMap((old, leg) => (old === null ? [leg as LegIndex] : [])),
  );
  const moved = new Array<LegMask>(all + 1);
  for (let mask = 0; mask <= all; mask += 1) {
    moved[mask] = legsOf(mask as LegMask).reduce((sum, old) => {
      const leg = placeOf.get(old);
      return leg === undefined ? sum : union(sum, maskOf(leg));
    }, NO_LEGS);
  }
  return (mask: LegMask, always: LegMask = newcomers): LegMask =>
    union(moved[mask] ?? NO_LEGS, always);
}

function engineOf(
  { readPolicy, handleErrors, holdOnFailure, onLogFailure }: MirrorSpec,
  geometry: RegionGeometry,
  known: { log: DirtyLog; content: LegContent; primary: LegIndex },
  { states, differing }: EngineView,
): Engine {
  const size = Math.floor(RECOVERY_BYTES / geometry.regionBytes);
  const recoveriesMax = Math.min(RECOVERIES_MAX, Math.max(RECOVERIES_MIN, size));
  const manner = { readPolicy, handleErrors, holdOnFailure, onLogFailure, recoveriesMax };
  return new Engine({ geometry, ...known, states, differing, ...manner });
}

/** What a leg misses is dirty in the log, too; the write of the resumed log takes these marks along. */
function missEverything(legs: LegMask, content: LegContent, log: DirtyLog): void {
  for (let region = 0; region < content.regionCount; region += 1) {
    if (content.isInSync(region as RegionIndex)) log.mark(region as RegionIndex);
    content.miss(region as RegionIndex, legs);
  }
}

function openLog(start: EngineStart['log'], geometry: RegionGeometry): DirtyLog {
  if (start.type === 'core') return new CoreLog(geometry.regionCount, start.syncIntent);
  const resumed = DiskLog.resume({ ...start.area, geometry });
  invariant(resumed.ok, 'the plan has resumed this very log before');
  return resumed.value.log;
}

/** All clean, and to be written as a whole; bytes that are nobody's bits come through. */
function newLog({ log }: TableLoad, before: DirtyLog, geometry: RegionGeometry): DirtyLog {
  if (log === null) return new CoreLog(geometry.regionCount, 'nosync');
  const { path, blockBytes } = log;
  const bytes = new Uint8Array(logImageBytes(geometry.regionCount, blockBytes));
  bytes.set(before.copy().subarray(0, bytes.length));
  const intents = { syncIntent: 'nosync', logIntent: 'init', remembered: null } as const;
  const resumed = DiskLog.resume({ path, bytes, blockBytes, geometry, ...intents });
  invariant(resumed.ok, 'a new log is begun over anything');
  return resumed.value.log;
}
