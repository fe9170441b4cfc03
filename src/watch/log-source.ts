/**
 * A dirty log on disk as something to watch: it answers what an engine would be asked, from the bits
 * alone. A region whose bit is not set is shown as not in sync, because that is what whoever resumes
 * the log will take it for. Nothing in it ever changes, and nothing can be commanded.
 */
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { NO_IO } from '../control-protocol/mirror-status.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LogDump } from '../forensics/log-dump.ts';
import { REGION_STATES } from '../region/region-state.ts';
import type { Source } from './mirror-watch.ts';

/**
 * `known`: what else is known of the mirror that the log belongs to. Throws LOG_MAGIC_MISSING where there
 * are no bits to show.
 */
export function logSource(dump: LogDump, known: MirrorStatus | null = null): Source {
  const { path, regionCount } = dump;
  if (regionCount === null) {
    const hint = `mirrorctl log verify ${path} says what it may be; --size and --region-size help`;
    throw new MirrorError('LOG_MAGIC_MISSING', `${path}: no regions to show`, { path }, hint);
  }
  const status = known ?? statusOf(dump, regionCount);
  const engine = {
    ask: async (request: ControlRequest) => answer(request, dump, status),
    close: () => {},
  };
  return { name: known?.name ?? path, kind: 'log', open: () => engine };
}

function answer(request: ControlRequest, dump: LogDump, status: MirrorStatus): ControlAnswer {
  switch (request.ask) {
    case 'status':
      return { status };
    case 'map':
      return {
        map: {
          version: 1,
          regionCount: status.regionCount,
          states: request.since === 0 ? notInSync(dump) : [],
          writes: [],
          missing: [],
          differing: [],
        },
      };
    case 'counters':
      return { counters: { uptimeMs: 0, counts: [], latencies: [], legs: [] } };
    case 'events':
      return { events: request.since === 0 ? outlooks(dump) : [] };
    default:
      throw new MirrorError('NOT_PERMITTED', 'a log can only be looked at');
  }
}

function notInSync({ dirtyRuns }: LogDump): number[] {
  const nosync = REGION_STATES.indexOf('nosync');
  return dirtyRuns.flatMap(({ first, count }) => [first, count, nosync]);
}

function outlooks(dump: LogDump) {
  const at = '          --:--:--';
  const words = [`a kernel ${dump.kernelOnResume}`, `mirrorctl ${dump.mirrorctlOnResume}`];
  const said = { at, kind: 'plain', event: 'outlook', fields: {} } as const;
  return words.map((text, place) => ({ number: place + 1, text, ...said }));
}

function statusOf(dump: LogDump, regionCount: number): MirrorStatus {
  const regionSizeBytes = dump.regionSizeBytes ?? 0;
  const dirty = dump.dirtyRegions ?? regionCount;
  return {
    name: dump.path,
    active: false,
    pid: null,
    health: 'unknown',
    activity: 'idle',
    sizeBytes: dump.mirrorSizeBytes ?? regionCount * regionSizeBytes,
    regionSizeBytes,
    regionCount,
    inSyncRegions: regionCount - dirty,
    dirtyRegions: 0,
    recoveringRegions: 0,
    legs: [],
    log: { type: 'disk', path: dump.path, state: 'alive', letter: 'A' },
    recovery: {
      active: false,
      paused: false,
      doneRegions: regionCount - dirty,
      totalRegions: regionCount,
      bytesPerSecond: null,
      etaSeconds: null,
      throttle: null,
    },
    check: null,
    mismatchedRegions: null,
    exports: [],
    io: NO_IO,
    attention: {
      status: `resumed now, a kernel ${dump.kernelOnResume}`,
      action: '',
    },
  };
}
