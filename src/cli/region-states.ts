/**
 * The state of every region, from the engine if one runs, else from the log as the next activation
 * would believe it: then a region is clean or out of sync, and nothing else.
 */
import type { RegionRun } from '../control-protocol/control-request.ts';
import { DiskLog } from '../dirty-log/disk-log.ts';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { regionIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Places } from '../registry/places.ts';
import { ask, isEngineMissing } from './observe.ts';
import { offlineFacts } from './offline-status.ts';

/** Of a million regions, in states that alternate, an engine may take a while. */
const REGIONS_MS_MAX = 60_000;

export interface RegionStates {
  readonly from: 'engine' | 'log';
  readonly runs: readonly RegionRun[];
}

/** Throws ENGINE_UNREACHABLE for an inactive mirror whose log is in memory only. */
export async function regionStates(places: Places, spec: MirrorSpec): Promise<RegionStates> {
  try {
    const request = { ask: 'regions', states: null } as const;
    const answer = await ask(places, spec.name, request, 'regions', REGIONS_MS_MAX);
    return { from: 'engine', runs: answer.regions };
  } catch (error) {
    if (!isEngineMissing(error) || spec.log.type === 'core') throw error;
    return { from: 'log', runs: runsOfLog(places, spec) };
  }
}

function runsOfLog(places: Places, spec: MirrorSpec): RegionRun[] {
  const { plan } = offlineFacts(places, spec);
  if (!plan.ok) throw plan.error;
  const { area, geometry } = plan.value;
  invariant(area !== null, 'a disk log has an area');
  const resumed = DiskLog.resume({ ...area, geometry });
  if (!resumed.ok) throw resumed.error;
  const { log } = resumed.value;
  const stateOf = (region: number) => (log.isClean(regionIndex(region)) ? 'clean' : 'nosync');
  const runs: RegionRun[] = [];
  for (let first = 0; first < geometry.regionCount; ) {
    const state = stateOf(first);
    let end = first + 1;
    while (end < geometry.regionCount && stateOf(end) === state) end += 1;
    runs.push({ first, count: end - first, state });
    first = end;
  }
  return runs;
}

/** The run that holds `region`. Throws REGION_UNKNOWN. */
export function runOf(region: number, regionCount: number, runs: readonly RegionRun[]): RegionRun {
  const run = runs.find(({ first, count }) => region >= first && region < first + count);
  if (run !== undefined && region < regionCount) return run;
  const hint = `regions are numbered 0 to ${regionCount - 1}`;
  throw new MirrorError('REGION_UNKNOWN', `there is no region ${region}`, { region }, hint);
}
