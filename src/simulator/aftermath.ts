/**
 * What must become of a mirror when the faults are over: every write ends, every region becomes in
 * sync and clean, all legs are equal, and an orderly stop leaves a log that says so.
 */
import type { RegionIndex } from '../geometry/units.ts';
import { legsOf } from '../region/leg-content.ts';
import { contradict } from './contradiction.ts';
import type { SimulatedMirror } from './simulated-mirror.ts';
import { UNHARMED } from './simulation-event.ts';

const ROUNDS_MAX = 400;
/** Longer than any rest that recovery or the sweep takes. */
const TICK = 5_000;

/** Returns the mirror stopped in sync; another process's, if this one's log had failed. */
export function recoverFully(mirror: SimulatedMirror): SimulatedMirror {
  let alive = mirror;
  settle(alive, isHealed);
  if (!isServing(alive) || alive.engine.logHasFailed) {
    alive = stopOrderly(alive).restart();
    settle(alive, isHealed);
  }
  if (!isHealed(alive)) contradict(`no end of recovery: ${describe(alive)}`);
  if (alive.storage.hasRotten) repairFully(alive);
  readAll(alive);
  const stopped = stopOrderly(alive);
  const report = stopped.stopReport;
  if (!report?.logClean || report.outOfSync !== 0) contradict('stopped, and the log is not clean');
  return stopped;
}

/** Whatever has rotted: after a repair the legs are equal, and a check finds that, too. */
function repairFully(mirror: SimulatedMirror): void {
  const { check, state } = mirror.engine;
  for (const repairFrom of [state.legs.primary, null]) {
    settle(mirror, () => check.life === 'none');
    mirror.apply({ kind: 'startCheck', repairFrom });
    settle(mirror, (one) => check.life === 'none' && isHealed(one));
  }
  if (check.tally.different > 0) contradict('the legs were repaired, and differ still');
  const legs = legsOf(state.content.all);
  for (let region = 0; region < state.content.regionCount; region += 1) {
    if (mirror.storage.holdTheSame(region, legs)) continue;
    contradict(`region ${region} was repaired, and its legs differ`);
  }
}

/** Serves as soon as it can, and reads everything before anything is recovered. */
export function readAtOnce(mirror: SimulatedMirror): void {
  end(mirror, (name) => name === 'log' || name === 'session');
  readAll(mirror);
}

/** Reads every sector through the engine; the oracle judges what comes. */
function readAll(mirror: SimulatedMirror): void {
  const { sectorCount } = mirror.storage.scenario;
  const request = mirror.newRequest();
  const isServed = mirror.apply({ kind: 'read', request, sector: 0, count: sectorCount });
  if (!isServed) contradict(`cannot be read: ${describe(mirror)}`);
  end(mirror, (name) => name.startsWith(`read ${request}`));
}

/** Stops the mirror, or lets a broken one go; either way the next process may come. */
function stopOrderly(mirror: SimulatedMirror): SimulatedMirror {
  if (mirror.life === 'broken') return mirror;
  mirror.apply({ kind: 'stop' });
  settle(mirror, ({ life }) => life === 'stopped');
  if (mirror.life !== 'stopped') contradict(`stop does not end: ${describe(mirror)}`);
  checkStopped(mirror);
  return mirror;
}

/** What `stopped` said must be true of the devices, even if the power fails now. */
function checkStopped(mirror: SimulatedMirror): void {
  const { stopReport, storage, engine } = mirror;
  if (!mirror.isQuiet) contradict(`stopped with work in flight: ${describe(mirror)}`);
  if (!stopReport?.logClean || storage.log === null) return;
  const found = mirror.crash({ ...UNHARMED, power: true, cached: 'lost' });
  const { content } = engine.state;
  for (let region = 0; region < content.regionCount; region += 1) {
    if (found.engine.state.log.isClean(region as RegionIndex)) continue;
    if (!content.isInSync(region as RegionIndex)) continue;
    contradict(`region ${region} is in sync, the mirror stopped, and the log calls it dirty`);
  }
}

/** Not broken, and not asked to stop. */
function isServing({ life }: SimulatedMirror): boolean {
  return life === 'resuming' || life === 'beginning' || life === 'serving';
}

function settle(mirror: SimulatedMirror, isEnough: (mirror: SimulatedMirror) => boolean): void {
  unfence(mirror);
  mirror.apply({ kind: 'throttleRecovery', percent: null });
  mirror.apply({ kind: 'resumeRecovery' });
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    end(mirror, () => true);
    if (isEnough(mirror) && mirror.isQuiet) return;
    mirror.apply({ kind: 'tick', by: TICK });
  }
}

/** Every leg is there and answers, and so does a log that is waited for. */
function unfence(mirror: SimulatedMirror): void {
  for (const operation of [...mirror.fence.hung.keys()]) {
    mirror.apply({ kind: 'late', operation, outcome: 'ok', luck: 0 });
  }
  for (const leg of legsOf(mirror.fence.away)) mirror.apply({ kind: 'return', leg });
  if (mirror.storage.scenario.onLogFailure === 'hold') mirror.apply({ kind: 'reattach' });
}

/** Ends well whatever is under way and chosen, and what comes of that, until there is no more. */
function end(mirror: SimulatedMirror, isChosen: (name: string) => boolean): void {
  for (;;) {
    const chosen = [...mirror.operations.keys()].filter(isChosen);
    if (chosen.length === 0) return;
    for (const operation of chosen) {
      mirror.apply({ kind: 'end', operation, outcome: 'ok', luck: 0 });
    }
  }
}

/** In sync and clean, and nobody remembers a region for any other reason. */
function isHealed(mirror: SimulatedMirror): boolean {
  const { state, logHasFailed } = mirror.engine;
  const { content, hash, log } = state;
  if (mirror.life !== 'serving' || logHasFailed) return false;
  const isInSync = content.inSyncCount === content.regionCount;
  return isInSync && hash.rememberedCount === 0 && log.cleanCount() === content.regionCount;
}

function describe({ engine, clients, operations, life }: SimulatedMirror): string {
  const { content, hash } = engine.state;
  const inSync = `${content.inSyncCount} of ${content.regionCount} regions in sync`;
  const rest = `${hash.rememberedCount} not at rest, ${clients.waiting} clients waiting`;
  return `${life}, ${inSync}, ${rest}, under way: ${[...operations.keys()].join(', ') || 'nothing'}`;
}
