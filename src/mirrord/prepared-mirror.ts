/**
 * What an activation would open and do, found out under the mirror's lock before anything is written:
 *
 *   lock mirror ─▶ read definition, sidecar ─▶ open legs and log ─▶ plan
 *
 * Either `activateMirror` goes on from here, or `abandon` gives everything back. Legs other than the
 * source may be missing (`degraded`), with `yes` the source, too; then a stand-in keeps their place.
 */
import { fstatSync } from 'node:fs';
import type { DeviceAccess, DeviceRequest } from '../devices/device-request.ts';
import { legIdentity } from '../devices/leg-identity.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices } from '../devices/open-device.ts';
import { logImageBytes } from '../dirty-log/disk-format.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex } from '../geometry/units.ts';
import { byteCount, legIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import { SINCE_EVER } from '../mirror-set/sidecar.ts';
import type { ListenAddress } from '../nbd-protocol/listen-address.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { MirrorLock } from '../registry/mirror-lock.ts';
import { lockMirror } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import { readSidecar } from '../registry/sidecar-file.ts';
import type { ActivationPlan, PlanInput } from './activation-plan.ts';
import { describePlan, HINT_FORGOTTEN, planActivation } from './activation-plan.ts';
import type { IoChoice } from './data-path.ts';
import type { Hook } from './event-hooks.ts';
import { readLogArea } from './log-area.ts';
import { openPresent } from './open-present.ts';

/**
 * Which legs may be missing: none; all but the source; or the source, too. What only a source that is
 * missing holds cannot be read then, and nothing can be written unless another leg holds everything.
 */
export type DegradedChoice = 'no' | 'auto' | 'yes';

export interface ActivationRequest {
  readonly places: Places;
  readonly name: string;
  readonly listen: readonly ListenAddress[];
  /** Null: as the definition says. */
  readonly readOnly: boolean | null;
  readonly io: IoChoice;
  readonly degraded: DegradedChoice;
  /** The owner's choice of the leg to copy from; null: as it was. */
  readonly source: LegIndex | null;
  /** Stands in for the definition's, if not null. */
  readonly logIntent: MirrorSpec['logIntent'];
  readonly confirmed: boolean;
  /** Run when something happens. */
  readonly hooks: readonly Hook[];
}

/** What would be opened and done, found out under the locks; nothing has been written. */
export class PreparedMirror {
  readonly spec: MirrorSpec;
  readonly plan: ActivationPlan;
  /** For people: what will be copied, from where, why. */
  readonly description: string;
  /** Legs that cannot be opened, by index, and why not. */
  readonly missing: ReadonlyMap<number, MirrorError>;
  /** Which file or device each leg is; null for one that is missing. */
  readonly identities: readonly (string | null)[];
  readonly request: ActivationRequest;
  /** Nothing is written, neither to legs and log nor to what the mirror remembers. */
  readonly isReadOnly: boolean;
  readonly lock: MirrorLock;
  /** The legs', then the log's if it is on a disk. */
  readonly devices: readonly OpenDevice[];

  constructor(request: ActivationRequest) {
    this.request = request;
    this.lock = lockMirror(request.places, request.name, 'activate');
    let devices: OpenDevice[] = [];
    try {
      const defined = readDefinition(request.places, request.name);
      const found = readBelieved(request, defined);
      const sidecar = found.ok ? found.value : null;
      this.spec = {
        ...defined,
        logIntent: request.logIntent ?? defined.logIntent,
        // It may have said that the log is not to be believed.
        syncIntent: found.ok ? defined.syncIntent : 'sync',
      };
      this.isReadOnly = request.readOnly ?? defined.readOnly;
      const source = request.source ?? sidecar?.primary ?? this.spec.source;
      const requests = requestsFor(this.spec, this.isReadOnly ? 'read' : 'write');
      const { degraded } = request;
      const present = openPresent(
        requests,
        (place) => degraded === 'yes' || (degraded === 'auto' && place !== source),
      );
      devices = present.devices;
      this.missing = present.missing;
      this.identities = this.spec.legs.map((_, place) => {
        const device = this.missing.has(place) ? undefined : devices[place];
        return device === undefined ? null : legIdentity(fstatSync(device.fd, { bigint: true }));
      });
      const blank = blankLegs(this.spec, sidecar, this.identities);
      const logDevice = devices[this.spec.legs.length];
      const log = logDevice === undefined ? null : readLogArea(this.spec, logDevice);
      const { source: chosen, confirmed } = request;
      const input: PlanInput = {
        spec: this.spec,
        sidecar,
        log,
        source: chosen,
        blank,
        confirmed,
      };
      this.plan = planActivation(input);
      refuseIfUnreadable(this.plan, this.missing);
      const isLifted = defined.readOnly && !this.isReadOnly;
      const lifted = isLifted
        ? '; read-only no longer: legs and log are written from now on, at every activation'
        : '';
      this.description = `${describePlan(input, this.plan, this.isReadOnly)}${lifted}`;
      this.devices = devices;
    } catch (error) {
      closeDevices(devices);
      this.lock.release();
      throw error;
    }
  }

  /** Nothing has happened. */
  abandon(): void {
    closeDevices(this.devices);
    this.lock.release();
  }
}

/** One for each leg, then one for a log on a disk. */
/** Without its source a mirror has what the log calls clean. Throws why the source is missing. */
function refuseIfUnreadable(
  { primary, copyRegions, geometry }: ActivationPlan,
  missing: ReadonlyMap<number, MirrorError>,
): void {
  const gone = missing.get(primary);
  if (gone !== undefined && copyRegions === geometry.regionCount) throw gone;
}

export function requestsFor(spec: MirrorSpec, access: DeviceAccess): DeviceRequest[] {
  const legs = spec.legs.map(({ path, offsetBytes }): DeviceRequest => {
    return { role: 'leg', path, access, offsetBytes, lengthBytes: spec.sizeBytes };
  });
  if (spec.log.type === 'core') return legs;
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const lengthBytes = logImageBytes(regionCount, byteCount(512));
  const offsetBytes = byteCount(0);
  return [...legs, { role: 'log', path: spec.log.path, access, offsetBytes, lengthBytes }];
}

/** Throws REGISTRY_INVALID for one that cannot be read, unless the owner names the source. */
function readBelieved(
  { places, source }: ActivationRequest,
  spec: MirrorSpec,
): ReturnType<typeof readSidecar> {
  const sidecar = readSidecar(places, spec);
  if (!sidecar.ok && source === null) {
    const { message, facts } = sidecar.error;
    throw new MirrorError('REGISTRY_INVALID', message, facts, HINT_FORGOTTEN, sidecar.error);
  }
  return sidecar;
}

/** Legs that hold nothing: new ones, and those that are another file or device than they were. */
export function blankLegs(
  { legs }: Pick<MirrorSpec, 'legs'>,
  sidecar: Sidecar | null,
  identities: readonly (string | null)[],
): LegIndex[] {
  return legs.flatMap(({ stage }, leg) => {
    const known = sidecar?.legs[leg];
    const isNew = stage === 'joining' || known?.missesSince === SINCE_EVER;
    const was = known?.identity ?? null;
    const is = identities[leg] ?? null;
    return isNew || (was !== null && is !== null && was !== is) ? [legIndex(leg)] : [];
  });
}
