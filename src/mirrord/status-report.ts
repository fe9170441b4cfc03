/**
 * Puts together what `status` says about an active mirror: the definition, what the engine knows, and
 * what it counts. Every other view (text, dm's line, the screen) is made from this object.
 */
import type { CheckReport } from '../control-protocol/check-report.ts';
import { checkStatusOf } from '../control-protocol/check-report.ts';
import type {
  Activity,
  Health,
  LegLetter,
  LegStatus,
  LogStatus,
  MirrorStatus,
} from '../control-protocol/mirror-status.ts';
import { LEG_STATE_OF_LETTER, LOG_STATE_OF_LETTER } from '../control-protocol/mirror-status.ts';
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { counterOf } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { EngineSnapshot } from './worker-messages.ts';

export interface ActiveFacts {
  readonly spec: MirrorSpec;
  readonly regionCount: number;
  readonly pid: number;
  readonly exports: readonly string[];
  readonly readOnly: boolean;
  /** Faults that were asked for, in the words of `--inject`. */
  readonly faults: readonly string[];
  /** Legs that could not be opened, by index, and why not. */
  readonly missing: ReadonlyMap<number, Error>;
  readonly view: EngineView;
  readonly check: CheckReport | null;
}

export function reportStatus(facts: ActiveFacts, snapshot: EngineSnapshot): MirrorStatus {
  const { spec, regionCount, view } = facts;
  const health = healthOf(snapshot, regionCount);
  const activity = activityOf(snapshot);
  const { recovery } = snapshot;
  return {
    name: spec.name,
    active: true,
    pid: facts.pid,
    health,
    activity,
    sizeBytes: spec.sizeBytes,
    regionSizeBytes: spec.regionSizeBytes,
    regionCount,
    inSyncRegions: snapshot.inSyncRegions,
    dirtyRegions: snapshot.dirtyRegions,
    recoveringRegions: snapshot.recoveringRegions,
    legs: legsOf(facts, snapshot),
    log: logOf(spec, snapshot),
    recovery: {
      active: activity === 'recovering',
      paused: recovery.paused,
      doneRegions: snapshot.inSyncRegions,
      totalRegions: regionCount,
      bytesPerSecond: activity === 'recovering' ? recovery.bytesPerSecond : null,
      etaSeconds: activity === 'recovering' ? recovery.etaSeconds : null,
      throttle: recovery.throttle,
    },
    check: facts.check === null ? null : checkStatusOf(facts.check, snapshot.check),
    mismatchedRegions: snapshot.differingRegions,
    exports: facts.exports,
    io: {
      backend: snapshot.backend,
      backendReason: snapshot.backendReason,
      reads: counterOf(view, 'reads'),
      writes: counterOf(view, 'writes'),
      readBytes: counterOf(view, 'readBytes'),
      writeBytes: counterOf(view, 'writeBytes'),
      flushes: counterOf(view, 'flushes'),
      logFlushes: counterOf(view, 'logFlushes'),
      logWriteBytes: counterOf(view, 'logWriteBytes'),
      connections: counterOf(view, 'connections'),
    },
    attention: announcing(facts.faults, attentionOf(facts, snapshot)),
  };
}

/** Nobody may take a mirror that fails on purpose for one that fails, or for one to trust. */
function announcing(
  faults: readonly string[],
  { status, action }: MirrorStatus['attention'],
): MirrorStatus['attention'] {
  if (faults.length === 0) return { status, action };
  const announcement = `faults are injected on purpose: ${faults.join(' ')}`;
  return {
    status: status === '' ? announcement : `${announcement}; ${status}`,
    action: action === '' ? 'activate without --inject for a mirror to rely on' : action,
  };
}

function legsOf({ spec, missing }: ActiveFacts, snapshot: EngineSnapshot): LegStatus[] {
  return spec.legs.map(({ path, offsetBytes }, index) => {
    const leg = snapshot.legs[index];
    const { errors } = leg ?? { errors: null };
    const letter = letterOf(leg);
    const outWord = missing.has(index) ? 'missing' : 'out';
    return {
      index,
      path,
      offsetBytes,
      primary: index === snapshot.primary,
      state: leg?.isOut ? outWord : LEG_STATE_OF_LETTER[letter],
      letter,
      readErrors: errors?.read ?? null,
      writeErrors: errors?.write ?? null,
      syncErrors: errors?.sync ?? null,
      flushErrors: errors?.flush ?? null,
    };
  });
}

/** A kernel knows no leg out of service: there it would be one that has failed a write. */
function letterOf(leg: EngineSnapshot['legs'][number] | undefined): LegLetter {
  if (leg === undefined) return 'U';
  return leg.isOut ? 'D' : leg.letter;
}

function logOf({ log }: MirrorSpec, { logFailed }: EngineSnapshot): LogStatus {
  const letter = logFailed ? 'D' : 'A';
  return {
    type: log.type,
    path: log.type === 'disk' ? log.path : null,
    state: LOG_STATE_OF_LETTER[letter],
    letter,
  };
}

/** The primary is the only leg that is sure to hold everything: with it, the mirror fails. */
function healthOf(snapshot: EngineSnapshot, regionCount: number): Health {
  const primary = letterOf(snapshot.legs[snapshot.primary]);
  if (primary === 'D' || primary === 'F') return 'failed';
  const sound = snapshot.legs.every((leg) => letterOf(leg) === 'A') && !snapshot.logFailed;
  const isWhole = snapshot.inSyncRegions === regionCount && snapshot.differingRegions === 0;
  return sound && isWhole ? 'ok' : 'degraded';
}

/** What only legs out of service miss is not being recovered. */
function activityOf({ recovery, check }: EngineSnapshot): Activity {
  if (recovery.regionsLeft > 0 && !recovery.paused) return 'recovering';
  if (check.life !== 'none') return 'checking';
  return recovery.regionsLeft > 0 ? 'paused' : 'idle';
}

const LOG_WORDS = {
  core: 'the next activation will copy everything',
  readonly: 'writes that it should record fail',
  hold: 'writes that it should record wait',
} as const;

function logAttention({ name, onLogFailure }: MirrorSpec, { heldWrites }: EngineSnapshot) {
  const waiting = heldWrites > 0 ? ` (${heldWrites} now)` : '';
  return {
    status: `the dirty log could not be written; ${LOG_WORDS[onLogFailure]}${waiting}`,
    action: `make the log writable again, then mirrorctl log reattach ${name}`,
  };
}

/** For the owner, to do something about its log or a leg. */
function isWaiting({ logFailed, heldWrites }: EngineSnapshot): boolean {
  return logFailed || heldWrites > 0;
}

/** `amount`: of what is not on every leg. */
function waitingAttention(spec: MirrorSpec, snapshot: EngineSnapshot, amount: string) {
  if (snapshot.logFailed) return logAttention(spec, snapshot);
  const { name, legs } = spec;
  const { heldWrites, legs: states } = snapshot;
  const failed = states.findIndex(({ isOut, letter }) => isOut || letter !== 'A');
  const writes = heldWrites === 1 ? '1 write is' : `${heldWrites} writes are`;
  return {
    status: `${writes} held because of leg ${legs[failed]?.path}; ${amount} are not on every leg`,
    action: `mirrorctl leg clear ${name} ${failed}, or leg fail, leg replace or leg remove`,
  };
}

function attentionOf(
  { spec, regionCount, readOnly, missing }: ActiveFacts,
  snapshot: EngineSnapshot,
): MirrorStatus['attention'] {
  const outOfSync = regionCount - snapshot.inSyncRegions;
  const amount = `${formatRegions(outOfSync)} (${formatBytes(outOfSync * spec.regionSizeBytes)})`;
  const primary = spec.legs[snapshot.primary]?.path ?? '';
  if (isWaiting(snapshot)) return waitingAttention(spec, snapshot, amount);
  const out = snapshot.legs.findIndex(({ isOut }) => isOut);
  const outLeg = spec.legs[out];
  if (outLeg !== undefined) {
    const gone = missing.get(out);
    return gone === undefined
      ? {
          status: `leg ${outLeg.path} is out of service; ${amount} are not on every leg`,
          action: `mirrorctl leg clear ${spec.name} ${out}`,
        }
      : {
          status: `${gone.message}; ${amount} are not on every leg`,
          action: `put ${outLeg.path} back as it was, then deactivate and activate ${spec.name}: only what it missed is copied`,
        };
  }
  const failed = snapshot.legs.findIndex(({ letter }) => letter !== 'A');
  const leg = spec.legs[failed];
  if (leg !== undefined) {
    const what = LEG_STATE_OF_LETTER[snapshot.legs[failed]?.letter ?? 'U'];
    return {
      status: `leg ${leg.path}: ${what}; ${amount} are not on every leg`,
      action: `check ${leg.path}; recovery tries again by itself, at once after \`mirrorctl recovery resume ${spec.name}\``,
    };
  }
  if (snapshot.differingRegions > 0) {
    return mismatchAttention(spec, snapshot.differingRegions, primary);
  }
  if (outOfSync === 0) return { status: '', action: '' };
  const where =
    spec.legs.length === 2 ? `${amount} are on ${primary} only` : `${amount} are not on every leg`;
  if (readOnly) {
    return {
      status: `${where}, and a read-only mirror does not recover`,
      action: `mirrorctl deactivate ${spec.name}, then mirrorctl activate ${spec.name} --read-write to copy them`,
    };
  }
  if (snapshot.recovery.paused) {
    return {
      status: `${where}, and recovery is paused`,
      action: `mirrorctl recovery resume ${spec.name}`,
    };
  }
  return { status: `${leavingWords(spec)}${where}, and are being copied`, action: '' };
}

/** Which leg goes when what is copied is copied, as the begin of a sentence. */
function leavingWords({ legs }: MirrorSpec): string {
  const index = legs.findIndex(({ stage }) => stage === 'leaving');
  if (index < 0) return '';
  return `leg ${legs[index]?.path} is being replaced by ${legs[index + 1]?.path}; `;
}

/** Also of a mirror without an engine. */
export function mismatchAttention(
  { name, regionSizeBytes }: MirrorSpec,
  regions: number,
  primary: string,
): MirrorStatus['attention'] {
  const amount = `${formatRegions(regions)} (${formatBytes(regions * regionSizeBytes)})`;
  return {
    status: `the legs differ in ${amount}; what is read there is that of ${primary}`,
    action: `mirrorctl check ${name} --list shows where; mirrorctl check ${name} --repair --from LEG copies from the leg that is right`,
  };
}
