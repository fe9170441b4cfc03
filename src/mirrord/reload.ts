/**
 * Changes a mirror while it serves, the way dm reloads a table: suspend, another table, resume.
 *
 *   plan ─▶ new devices open ─▶ suspended ─▶ sidecar ─▶ definition ─▶ load ─▶ resumed ─▶ serve
 *     │                            │ refused, or not written: the table that was is loaded again
 *     └ --dry-run: that is all     └ takes too long: the mirror serves on
 *
 * The definition is the commit, as it is offline. What the sidecar says just before is true of the old
 * definition as well: a primary that holds everything, and legs by their place. A leg that comes is
 * `joining` in the definition until the log on disk says that it misses everything, so a crash between
 * any two of these writes leaves it with nothing to its name; a leg that goes has its bytes, and nobody
 * asks it any more.
 */
import type { ChangePlan } from '../control-protocol/change-plan.ts';
import type { ControlRequest } from '../control-protocol/control-request.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices } from '../devices/open-device.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex } from '../geometry/units.ts';
import { legIndex } from '../geometry/units.ts';
import { counterOf } from '../metrics/engine-counters.ts';
import type { MirrorChange } from '../mirror-set/mirror-change.ts';
import {
  changeSpec,
  legsBefore,
  replacedLeg,
  withoutJoining,
} from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { isSameLeg } from '../mirror-set/mirror-spec.ts';
import { writeDefinition } from '../registry/definition-file.ts';
import { arrangedFor } from '../registry/sidecar-file.ts';
import type { ActiveState, ActiveTable } from './active-state.ts';
import { copiesAfter } from './copies-after.ts';
import type { Notice } from './event-words.ts';
import { notice } from './event-words.ts';
import { logRoomFor, makeLogRoom } from './log-room.ts';
import { openBeside } from './open-beside.ts';
import { plannedChange } from './planned-change.ts';
import { requestsFor } from './prepared-mirror.ts';
import { filesToLengthen, lengthen } from './room-for-size.ts';
import { withMemory } from './session-memory.ts';
import { changeNotice, replacedNotice } from './session-notices.ts';
import { identityOf, isOtherFile, tableAfter } from './table-after.ts';
import type { Resumed } from './worker-link.ts';
import type { EngineSnapshot, Suspended, TableLoad } from './worker-messages.ts';

/** What a reload needs of the active mirror. */
export interface ReloadHost {
  readonly state: ActiveState;
  snapshot(): Promise<EngineSnapshot>;
  /** What was in flight to it ends, nothing more is asked of it, and no write is held because of it. */
  takeOut(leg: LegIndex): Promise<EngineSnapshot>;
  /** The device of the log is the same as before. False: it cannot be written. */
  reattachLog(): Promise<boolean>;
  /** Null: it takes too long, or a check is under way; the mirror serves. */
  suspend(): Promise<Suspended | null>;
  load(load: TableLoad): Promise<Resumed>;
  serve(): void;
  /** Still held by operations that were given up. */
  abandon(device: OpenDevice): void;
  tell(what: Notice): void;
}

export type ChangeRequest = Omit<Extract<ControlRequest, { ask: 'change' }>, 'ask'>;

export class Reload {
  readonly #host: ReloadHost;
  #isUnderWay = false;

  constructor(host: ReloadHost) {
    this.#host = host;
  }

  /** Legs are counted anew by a change: nobody may speak of one by its index meanwhile. */
  refuseIfUnderWay(): void {
    if (!this.#isUnderWay) return;
    const { name } = this.#host.state.table.spec;
    const message = `${name} is being changed`;
    throw new MirrorError('MIRROR_BUSY', message, { mirror: name }, 'try again');
  }

  /** Resolves when the mirror serves as changed, or, for a dry run, once it is clear what that would be. */
  async change(request: ChangeRequest): Promise<ChangePlan> {
    this.refuseIfUnderWay();
    this.#isUnderWay = true;
    try {
      const plan = await this.#change(request);
      const { change, dryRun } = request;
      if (!dryRun && change.change !== 'reattachLog') this.#host.tell(changeNotice(change));
      return plan;
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** A leg goes if the one after it holds everything; should that fail, the worker says so again. */
  async finishReplacement(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    try {
      const { complete } = await this.#host.snapshot();
      const leg = replacedLeg(this.#host.state.table.spec, complete);
      if (leg === null) return;
      const { path, offsetBytes } = leg;
      const change = { change: 'removeLeg', leg: { path, offsetBytes } } as const;
      await this.#change({ change, growLegs: false, dryRun: false });
      this.#host.tell(replacedNotice(path));
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
    } finally {
      this.#isUnderWay = false;
    }
  }

  async #change({ change, growLegs, dryRun }: ChangeRequest): Promise<ChangePlan> {
    const { table } = this.#host.state;
    const before = table.spec;
    const after = changeSpec(before, change, await this.#snapshotFor(change, dryRun));
    this.#refuse(change, after);
    const lengthens = after.sizeBytes > before.sizeBytes ? filesToLengthen(after, growLegs) : [];
    const log = table.devices[before.legs.length];
    if (log !== undefined) logRoomFor(before, after, log);
    const fresh = this.#openNew(change, after);
    try {
      const copies = copiesAfter(table, after);
      const plan = plannedChange(before, after, copies, lengthens);
      if (dryRun) return plan;
      for (const file of lengthens) {
        const device = table.devices.find(({ path }) => path === file.path);
        if (device !== undefined) lengthen(device, file.sizeBytes);
      }
      const isSameLog = change.change === 'reattachLog' && fresh.size === 0;
      if (!isSameLog) await this.#exchange(change, fresh);
      else if (!(await this.#host.reattachLog())) throw logNotWritten(before.name);
      return plan;
    } finally {
      const { devices } = this.#host.state.table;
      closeDevices([...fresh.values()].filter((device) => !devices.includes(device)));
    }
  }

  /** To remove or replace a leg is to decide about it: writes that wait for that are answered. */
  async #snapshotFor(change: MirrorChange, dryRun: boolean): Promise<EngineSnapshot> {
    const snapshot = await this.#host.snapshot();
    const decides = change.change === 'removeLeg' || change.change === 'replaceLeg';
    if (dryRun || !decides || snapshot.heldWrites === 0) return snapshot;
    const { spec } = this.#host.state.table;
    changeSpec(spec, change, snapshot);
    const leg = spec.legs.findIndex((known) => isSameLeg(known, change.leg));
    return this.#host.takeOut(legIndex(leg));
  }

  #refuse({ change }: MirrorChange, after: MirrorSpec): void {
    const { spec, missing, view } = this.#host.state.table;
    const { name } = spec;
    const [gone] = missing.values();
    if (after.sizeBytes > spec.sizeBytes && gone !== undefined) throw gone;
    const connections = counterOf(view, 'connections');
    if (after.sizeBytes < spec.sizeBytes && connections > 0) {
      const message = `${connections} clients are connected, and know ${name} by its size`;
      throw new MirrorError('MIRROR_BUSY', message, { connections }, 'disconnect them first');
    }
    if (change === 'reattachLog' && spec.log.type === 'core') {
      throw new MirrorError('USAGE', `${name} keeps its log in memory`, { mirror: name });
    }
  }

  /** By their place in `after`: the legs that come, and a log that is another file than it was. */
  #openNew(change: MirrorChange, after: MirrorSpec): ReadonlyMap<number, OpenDevice> {
    const { spec, devices, missing } = this.#host.state.table;
    const known = legsBefore(spec, after);
    const requests = requestsFor(after, 'write');
    const places = requests.flatMap((_, place) => {
      if (place < known.length) return known[place] === null ? [place] : [];
      const isOther = change.change === 'reattachLog' && isOtherFile(devices[spec.legs.length]);
      return isOther ? [place] : [];
    });
    const open = requests.flatMap((request, place) => {
      const device = devices[known[place] ?? spec.legs.length];
      const isGone = places.includes(place) || missing.has(known[place] ?? -1);
      return device === undefined || isGone ? [] : [{ request, device }];
    });
    const opened = openBeside(
      places.map((place) => requests[place] as (typeof requests)[number]),
      open,
    );
    return new Map(places.map((place, index) => [place, opened[index] as OpenDevice]));
  }

  async #exchange(change: MirrorChange, fresh: ReadonlyMap<number, OpenDevice>): Promise<void> {
    const host = this.#host;
    const before = host.state.table;
    const { name } = before.spec;
    const known = await host.suspend();
    if (known === null) {
      const why = 'a check runs, or something takes too long to end';
      const message = `${name} cannot be changed now: ${why}`;
      throw new MirrorError('MIRROR_BUSY', message, { mirror: name }, `mirrorctl status ${name}`);
    }
    let next: ActiveTable;
    try {
      const after = changeSpec(before.spec, change, known);
      next = tableAfter(before, after, fresh);
      this.#commit(before, next);
    } catch (error) {
      const source = known.primary;
      await this.#resume(before, tableAfter(before, { ...before.spec, source }, new Map()));
      throw error;
    }
    const logWritten = await this.#resume(before, next);
    const hangs = (device: OpenDevice) =>
      known.hanging.some(
        (at) => device === before.devices[at === 'log' ? before.spec.legs.length : at],
      );
    const dropped = before.devices.filter((device) => !next.devices.includes(device));
    closeDevices(dropped.filter((device) => !hangs(device)));
    for (const device of dropped) if (hangs(device)) host.abandon(device);
    if (change.change !== 'reattachLog') return;
    if (!logWritten) throw logNotWritten(name);
    host.tell(notice('log-reattached', 'good', 'the dirty log is another file, and is written'));
  }

  /** Nothing is in flight; the engine's last word on who holds what is durable. */
  #commit({ spec: before, devices }: ActiveTable, next: ActiveTable): void {
    const { state } = this.#host;
    const after = next.spec;
    const log = devices[before.legs.length];
    state.logIsWritten &&= next.devices[after.legs.length] === log;
    const room = log === undefined ? null : logRoomFor(before, after, log);
    if (log !== undefined && room !== null) makeLogRoom(log, room);
    const primary = legsBefore(before, after)[after.source] as LegIndex;
    const sidecar = { ...state.sidecar, primary };
    state.remember(sidecar);
    writeDefinition(state.places, after);
  }

  /** False: the log could not be written, and that is known. */
  async #resume(before: ActiveTable, next: ActiveTable): Promise<boolean> {
    const host = this.#host;
    const { spec, devices, view } = next;
    const known = legsBefore(before.spec, spec);
    host.state.table = next;
    host.state.sidecar = arrangedFor(spec, host.state.sidecar);
    const { memory, logWritten } = await host.load({
      ...{ spec, known, view: view.counters.buffer as SharedArrayBuffer },
      legs: devices.slice(0, spec.legs.length),
      log: devices[spec.legs.length] ?? null,
    });
    try {
      this.#settle(next, memory, logWritten);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      // What is written already claims more damage than there is.
      host.tell(notice('changed', 'bad', error.message));
    }
    host.serve();
    return logWritten;
  }

  #settle(table: ActiveTable, memory: MirrorMemory, logWritten: boolean): void {
    const { state } = this.#host;
    const { sizeBytes, regionSizeBytes } = table.spec;
    const { regionCount } = RegionGeometry.of(sizeBytes, regionSizeBytes);
    state.logIsWritten ||= logWritten;
    const identified = state.sidecar.legs.map((leg, index) => ({
      ...leg,
      missesSince: leg.missesSince || null,
      identity: identityOf(table, index) ?? leg.identity,
    }));
    const remembered = withMemory({ ...state.sidecar, legs: identified }, memory);
    const size = logWritten ? { sizeBytes, regionSizeBytes, regionCount } : {};
    state.remember({ ...remembered, ...size });
    if (logWritten) state.define(withoutJoining(table.spec));
  }
}

function logNotWritten(name: string): MirrorError {
  const message = `the log of ${name} cannot be written`;
  return new MirrorError('LOG_WRITE_FAILED', message, { mirror: name }, 'it serves on as before');
}
