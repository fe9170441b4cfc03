/**
 * What can be said about a mirror whose engine does not run: from its definition, its sidecar, its
 * log, and whether its legs are there. Reads only, takes no locks, so it never stands in the way.
 *
 * "In sync" means here what the next activation will believe, worked out by the same plan.
 */
import { statSync } from 'node:fs';
import type { CheckReport } from '../control-protocol/check-report.ts';
import { checkStatusOf, differingCount } from '../control-protocol/check-report.ts';
import type {
  Health,
  LegStatus,
  LogStatus,
  MirrorStatus,
} from '../control-protocol/mirror-status.ts';
import {
  LEG_STATE_OF_LETTER,
  LOG_STATE_OF_LETTER,
  NO_IO,
} from '../control-protocol/mirror-status.ts';
import { statOf } from '../devices/device-identity.ts';
import { legIdentity } from '../devices/leg-identity.ts';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import { byteCount } from '../geometry/units.ts';
import type { LegSpec, MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import type { ActivationPlan, PlanInput } from '../mirrord/activation-plan.ts';
import { planActivation } from '../mirrord/activation-plan.ts';
import { readLogArea } from '../mirrord/log-area.ts';
import { blankLegs } from '../mirrord/prepared-mirror.ts';
import { mismatchAttention } from '../mirrord/status-report.ts';
import { readCheck } from '../registry/check-file.ts';
import type { Places } from '../registry/places.ts';
import { readSidecar } from '../registry/sidecar-file.ts';

export interface OfflineFacts {
  readonly spec: MirrorSpec;
  readonly sidecar: Result<Sidecar | null, MirrorError>;
  /** What the next activation would do; an error where it would refuse. */
  readonly plan: Result<ActivationPlan, MirrorError>;
  /** What the last check of its legs came to. */
  readonly check: CheckReport | null;
}

export function offlineFacts(places: Places, spec: MirrorSpec): OfflineFacts {
  const sidecar = readSidecar(places, spec);
  const plan = planOffline(spec, sidecar.ok ? sidecar.value : null);
  return { spec, sidecar, plan, check: readCheck(places, spec) };
}

function planOffline(
  spec: MirrorSpec,
  sidecar: Sidecar | null,
): Result<ActivationPlan, MirrorError> {
  try {
    const log = peekAtLog(spec);
    const identities = spec.legs.map(({ path }) => identityAt(path));
    const blank = blankLegs(spec, sidecar, identities);
    return accept(planActivation({ spec, sidecar, log, source: null, blank, confirmed: false }));
  } catch (error) {
    if (error instanceof MirrorError) return reject(error);
    throw error;
  }
}

function identityAt(path: string): string | null {
  const stat = statOf(path);
  return stat === null ? null : legIdentity(stat);
}

/** Also while an engine writes it. */
export function peekAtLog(spec: MirrorSpec): PlanInput['log'] {
  if (spec.log.type === 'core') return null;
  const { path } = spec.log;
  const whole = { offsetBytes: byteCount(0), lengthBytes: null };
  const devices = openDevices([{ role: 'log', path, access: 'peek', ...whole }]);
  try {
    const [device] = devices;
    return device === undefined ? null : readLogArea(spec, device);
  } finally {
    closeDevices(devices);
  }
}

export function offlineStatus(facts: OfflineFacts): MirrorStatus {
  const { spec, sidecar, plan, check } = facts;
  const mismatched = check === null ? 0 : differingCount(check);
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const known = sidecar.ok ? sidecar.value : null;
  const faults = spec.legs.map((leg) => legFault(leg, spec.sizeBytes));
  const primary = known?.primary ?? spec.source;
  const inSync = spec.log.type === 'core' || !plan.ok ? null : regionCount - plan.value.copyRegions;
  return {
    name: spec.name,
    active: false,
    pid: null,
    health: healthOf(faults, primary, inSync, regionCount, mismatched),
    activity: 'idle',
    sizeBytes: spec.sizeBytes,
    regionSizeBytes: spec.regionSizeBytes,
    regionCount,
    inSyncRegions: inSync,
    dirtyRegions: null,
    recoveringRegions: 0,
    legs: spec.legs.map((leg, index) => legStatus(leg, index, index === primary, faults[index])),
    log: logStatus(spec, plan.ok),
    recovery: {
      active: false,
      paused: false,
      doneRegions: inSync,
      totalRegions: regionCount,
      bytesPerSecond: null,
      etaSeconds: null,
      throttle: null,
    },
    check: check === null ? null : checkStatusOf(check, null),
    mismatchedRegions: mismatched,
    exports: [],
    io: NO_IO,
    attention: attentionOf(facts, faults),
  };
}

/** Why the leg could not serve, as far as that shows without opening it; null: it could. */
function legFault({ path, offsetBytes }: LegSpec, sizeBytes: number): string | null {
  try {
    const stat = statSync(path);
    if (stat.isBlockDevice()) return null;
    if (!stat.isFile()) return 'is neither a file nor a block device';
    const end = offsetBytes + sizeBytes;
    return stat.size < end ? `has ${stat.size} bytes, but ${end} are needed` : null;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'does not exist' : `cannot be looked at (${code})`;
  }
}

function legStatus(
  { path, offsetBytes }: LegSpec,
  index: number,
  primary: boolean,
  fault: string | null | undefined,
): LegStatus {
  const letter = fault == null ? 'A' : 'U';
  const errors = { readErrors: null, writeErrors: null, syncErrors: null, flushErrors: null };
  return {
    index,
    path,
    offsetBytes,
    primary,
    state: LEG_STATE_OF_LETTER[letter],
    letter,
    ...errors,
  };
}

function logStatus({ log }: MirrorSpec, isReadable: boolean): LogStatus {
  const letter = isReadable ? 'A' : 'U';
  const path = log.type === 'disk' ? log.path : null;
  return { type: log.type, path, state: LOG_STATE_OF_LETTER[letter], letter };
}

function healthOf(
  faults: readonly (string | null)[],
  primary: number,
  inSync: number | null,
  regionCount: number,
  mismatched: number,
): Health {
  if (faults[primary] !== null) return 'failed';
  if (faults.some((fault) => fault !== null)) return 'degraded';
  if (inSync === null) return 'unknown';
  return inSync === regionCount && mismatched === 0 ? 'ok' : 'degraded';
}

function attentionOf(
  { spec, sidecar, plan, check }: OfflineFacts,
  faults: readonly (string | null)[],
): MirrorStatus['attention'] {
  const missing = faults.findIndex((fault) => fault !== null);
  const leg = spec.legs[missing];
  if (leg !== undefined) {
    const action = `put ${leg.path} back as it was, then \`mirrorctl activate ${spec.name}\``;
    return { status: `leg ${leg.path} ${faults[missing]}`, action };
  }
  const damaged = [sidecar, plan].find(({ ok }) => !ok);
  if (damaged !== undefined && !damaged.ok) {
    return { status: damaged.error.message, action: damaged.error.hint };
  }
  const differing = check === null ? 0 : differingCount(check);
  if (differing > 0) {
    const primary = sidecar.ok ? (sidecar.value?.primary ?? spec.source) : spec.source;
    return mismatchAttention(spec, differing, spec.legs[primary]?.path ?? '');
  }
  if (!plan.ok || plan.value.copyRegions === 0) return { status: '', action: '' };
  const { copyRegions, copyBytes, sourcePath, reason } = plan.value;
  const amount = `${formatRegions(copyRegions)} (${formatBytes(copyBytes)})`;
  if (spec.readOnly) {
    return {
      status: `read-only: ${amount} are read from ${sourcePath} only: ${reason}`,
      action: `mirrorctl activate ${spec.name}, with --read-write to copy them`,
    };
  }
  return {
    status: `${amount} will be copied from ${sourcePath} at the next activation: ${reason}`,
    action: `mirrorctl activate ${spec.name}`,
  };
}
