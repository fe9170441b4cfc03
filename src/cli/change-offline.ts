/**
 * Changes a mirror that nobody has activated: legs, primary, reads, size.
 *
 *   lock ─▶ definition, sidecar ─▶ open legs and log, the new ones too ─▶ plan ─▶ … ─▶ apply
 *
 *   apply:  files lengthened ─▶ log: room, the torn region ─▶ sidecar ─▶ definition
 *
 * The definition is the commit: what is written before it is true of the old one as well, and nothing
 * has to follow it. A file that is longer than it need be, one region more that is dirty, a primary
 * that holds everything just as the last one did: none of that makes anything clean or stale.
 */
import type { ChangePlan, LengthenedFile } from '../control-protocol/change-plan.ts';
import { statOf } from '../devices/device-identity.ts';
import { legIdentity } from '../devices/leg-identity.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices } from '../devices/open-device.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { legIndex } from '../geometry/units.ts';
import type { LegKnowledge, MirrorChange } from '../mirror-set/mirror-change.ts';
import { changeSpec, legsBefore } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import type { PlanInput } from '../mirrord/activation-plan.ts';
import { planActivation } from '../mirrord/activation-plan.ts';
import { readLogArea } from '../mirrord/log-area.ts';
import type { LogRoom } from '../mirrord/log-room.ts';
import { logRoomFor, makeLogRoom, withLogRoom } from '../mirrord/log-room.ts';
import { openPresent } from '../mirrord/open-present.ts';
import { plannedChange } from '../mirrord/planned-change.ts';
import { blankLegs, requestsFor } from '../mirrord/prepared-mirror.ts';
import { filesToLengthen, lengthen } from '../mirrord/room-for-size.ts';
import { readDefinition, writeDefinition } from '../registry/definition-file.ts';
import type { MirrorLock } from '../registry/mirror-lock.ts';
import { lockMirror } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import { arrangedFor, readSidecar, writeSidecar } from '../registry/sidecar-file.ts';
import { refuseTakenParts } from './taken-parts.ts';

export class OfflineChange {
  readonly plan: ChangePlan;
  readonly #places: Places;
  readonly #lock: MirrorLock;
  readonly #before: MirrorSpec;
  readonly #after: MirrorSpec;
  readonly #sidecar: Sidecar | null;
  readonly #lengthens: readonly LengthenedFile[];
  readonly #room: LogRoom | null;
  readonly #devices: readonly OpenDevice[];

  /** Holds the mirror's lock, and those of its devices, until `close`. */
  constructor(places: Places, name: string, change: MirrorChange, growLegs: boolean) {
    this.#places = places;
    this.#lock = lockMirror(places, name, 'change');
    let devices: OpenDevice[] = [];
    try {
      const before = readDefinition(places, name);
      refuse(before, change);
      const sidecar = knownSidecar(places, before);
      const after = changeSpec(before, change, knowledgeOf(before, sidecar));
      refuseTakenParts(places, after);
      const isLonger = after.sizeBytes > before.sizeBytes;
      this.#lengthens = isLonger ? filesToLengthen(after, growLegs) : [];
      devices = this.#open(before, after);
      this.#before = before;
      this.#after = after;
      this.#sidecar = sidecar;
      this.#devices = devices;
      const log = devices[after.legs.length];
      this.#room = log === undefined ? null : logRoomFor(before, after, log);
      this.plan = this.#planned(log);
    } catch (error) {
      closeDevices(devices);
      this.#lock.release();
      throw error;
    }
  }

  apply(): void {
    for (const { path, sizeBytes } of this.#lengthens) {
      const device = this.#devices.find((one) => one.path === path);
      if (device !== undefined) lengthen(device, sizeBytes);
    }
    const log = this.#devices[this.#after.legs.length];
    if (log !== undefined && this.#room !== null) makeLogRoom(log, this.#room);
    const { name } = this.#before;
    if (this.#sidecar !== null) {
      writeSidecar(this.#places, name, withPrimaryOf(this.#sidecar, this.#before, this.#after));
    }
    writeDefinition(this.#places, this.#after);
  }

  close(): void {
    closeDevices(this.#devices);
    this.#lock.release();
  }

  /** Legs that were there before may be missing, as at an activation, but not when they are to grow. */
  #open(before: MirrorSpec, after: MirrorSpec): OpenDevice[] {
    const isLonger = after.sizeBytes > before.sizeBytes;
    const known = legsBefore(before, after);
    // What is still too short is opened to wherever it ends.
    const isShort = (path: string) => this.#lengthens.some((file) => file.path === path);
    const requests = requestsFor(after, 'write').map((one) => {
      return one.role === 'log' || isShort(one.path) ? { ...one, lengthBytes: null } : one;
    });
    return openPresent(requests, (place) => !isLonger && (known[place] ?? null) !== null).devices;
  }

  #planned(logDevice: OpenDevice | undefined): ChangePlan {
    const after = this.#after;
    const moved = this.#sidecar === null ? null : withPrimaryOf(this.#sidecar, this.#before, after);
    const sidecar = moved === null ? null : arrangedFor(after, moved);
    const log = logDevice === undefined ? null : this.#logAsItWillBe(logDevice);
    const blank = blankLegs(after, sidecar, identitiesOf(after));
    const input: PlanInput = { spec: after, sidecar, log, source: null, blank, confirmed: false };
    const { copyRegions, copyBytes, sourcePath, reason } = planActivation(input);
    const copies = { copyRegions, copyBytes, sourcePath, reason };
    return plannedChange(this.#before, after, copies, this.#lengthens);
  }

  #logAsItWillBe(device: OpenDevice): PlanInput['log'] {
    const area = readLogArea(this.#after, device);
    return this.#room === null ? area : { ...area, bytes: withLogRoom(area.bytes, this.#room) };
  }
}

function refuse({ name, readOnly }: MirrorSpec, { change }: MirrorChange): void {
  if (readOnly) {
    const hint = `activate ${name} with --read-write first`;
    throw new MirrorError('NOT_PERMITTED', `${name} is read-only`, { mirror: name }, hint);
  }
  if (change !== 'reattachLog') return;
  const hint = `mirrorctl activate ${name} writes its log anew`;
  throw new MirrorError('ENGINE_UNREACHABLE', `no engine runs for ${name}`, { mirror: name }, hint);
}

function knownSidecar(places: Places, spec: MirrorSpec): Sidecar | null {
  const sidecar = readSidecar(places, spec);
  if (!sidecar.ok) throw sidecar.error;
  return sidecar.value;
}

/** Before its first activation a mirror has only what its owner said: the source, or equal legs. */
function knowledgeOf(spec: MirrorSpec, sidecar: Sidecar | null): LegKnowledge {
  const identities = identitiesOf(spec);
  const blank = blankLegs(spec, sidecar, identities);
  const primary = sidecar?.primary ?? spec.source;
  const serving = spec.legs.flatMap((_, leg) => (identities[leg] === null ? [] : [legIndex(leg)]));
  const complete = serving.filter((leg) => {
    if (blank.includes(leg)) return false;
    if (sidecar === null) return leg === primary || spec.syncIntent === 'nosync';
    return sidecar.legs[leg]?.missesSince === null;
  });
  return { primary, serving, complete };
}

function identitiesOf({ legs }: MirrorSpec): (string | null)[] {
  return legs.map(({ path }) => {
    const stat = statOf(path);
    return stat === null ? null : legIdentity(stat);
  });
}

/** What is remembered of all legs there were, with the primary there will be: true for both. */
function withPrimaryOf(sidecar: Sidecar, before: MirrorSpec, after: MirrorSpec): Sidecar {
  const primary = legsBefore(before, after)[after.source] ?? sidecar.primary;
  return { ...sidecar, primary };
}
