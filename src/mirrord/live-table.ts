/**
 * One table in force: an engine, the legs and the log that it knows by their indices, and whatever
 * carries out what it asks for. A mirror that is changed while it serves gets a new one, as dm does
 * when a table is loaded and resumed; what connects clients, and the ring, stay (engine-worker.ts).
 */
import { availableParallelism } from 'node:os';
import type { CopyManner } from '../copier/copy-messages.ts';
import { CopyPool } from '../copier/copy-pool.ts';
import type { DirectAccess } from '../devices/direct-access.ts';
import { closeDirect, openDirect } from '../devices/direct-access.ts';
import type { FaultPlan } from '../devices/fault-plan.ts';
import { FaultyLegIo } from '../devices/faulty-leg-io.ts';
import type { LegIo, LogIo } from '../devices/leg-io.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import type { TimedLegIo } from '../devices/timed-leg-io.ts';
import type { Engine } from '../engine/engine.ts';
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Backend, DataPath } from './data-path.ts';
import type { Surroundings } from './effect-runner.ts';
import { EffectRunner } from './effect-runner.ts';
import { GuardedCopies } from './guarded-copies.ts';

/** One has the next range read while the other writes; more would only wait for each other's locks. */
const COPIERS = Math.min(2, availableParallelism());

export interface TableParts {
  readonly spec: MirrorSpec;
  readonly legs: readonly OpenDevice[];
  /** Null: there is none on a disk, or it must not be written. */
  readonly log: OpenDevice | null;
  /** Leg i was leg `known[i]` in the table before; null: it is new. */
  readonly known: readonly (LegIndex | null)[];
  /** The log is on another device than in the table before. */
  readonly isOtherLog: boolean;
  readonly engine: Engine;
  readonly view: EngineView;
}

/** What is there before the first table, and after the last. */
export interface TableGround
  extends Pick<Surroundings, 'keepMemory' | 'tell' | 'stopped' | 'again'> {
  readonly path: DataPath;
  readonly faults: FaultPlan;
  /** Stands in front of every table's legs and log, and knows which of them hang. */
  readonly timed: TimedLegIo;
  readonly readOnly: boolean;
  readonly copyManner: CopyManner;
  /** Legs past their page cache, where there is a way. */
  readonly direct: boolean;
}

export class LiveTable {
  readonly spec: MirrorSpec;
  readonly engine: Engine;
  readonly view: EngineView;
  readonly log: OpenDevice | null;
  readonly runner: EffectRunner;
  readonly #copies: CopyPool;
  readonly #direct: readonly (DirectAccess | null)[];

  constructor(parts: TableParts, ground: TableGround) {
    const { spec, legs, log, known, isOtherLog, engine, view } = parts;
    this.spec = spec;
    this.log = log;
    this.engine = engine;
    this.view = view;
    const ranges = spec.legs.map(({ offsetBytes }, index) => {
      const device = legs[index];
      invariant(device !== undefined, `leg ${index} was not opened`);
      return { device, offsetBytes };
    });
    const { path, faults, timed, readOnly, keepMemory, tell, stopped, again } = ground;
    // A log is written through the page cache; then so is a leg on the same device.
    const apart = ground.direct ? ranges.filter(({ device }) => device !== log) : [];
    this.#direct = openDirect(apart, [spec.sizeBytes, spec.regionSizeBytes]);
    const places = ranges.map((range) => {
      return { ...range, writePolicy: null, direct: this.#direct[apart.indexOf(range)] ?? null };
    });
    timed.exchange(perhapsFaulty(path.backendOver(places, log), ground), known, isOtherLog);
    this.#copies = new CopyPool(places, COPIERS, ground.copyManner, {
      limitMs: timed.limitMs,
      hangs: (leg) => timed.hangs(leg),
    });
    this.runner = new EffectRunner({
      engine,
      legs: timed,
      log: log === null ? null : timed,
      copies: new GuardedCopies(this.#copies, faults, (leg) => timed.refusal(leg)),
      view,
      exportName: spec.name,
      readOnly,
      zeroesFast: legs.every(({ kind, traits }) => kind === 'file' && !traits.mayStall),
      ...{ keepMemory, tell, stopped, again },
    });
  }

  /** After that of `timed`. */
  tick(elapsed: number): void {
    this.#copies.tick(elapsed);
  }

  /** Its engine has stopped. `isQuiet`: no operation that was given up may still be under way. */
  async close(isQuiet: boolean): Promise<void> {
    await this.#copies.close();
    if (isQuiet) closeDirect(this.#direct);
  }
}

function perhapsFaulty(sound: Backend, { path, faults }: TableGround): LegIo & LogIo {
  if (faults.isEmpty) return sound;
  return new FaultyLegIo(sound, faults, (delayMs) => path.timerSet(delayMs));
}
