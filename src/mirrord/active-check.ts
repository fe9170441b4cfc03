/**
 * The check of an active mirror: takes the owner's wishes, gives the engine its orders, and keeps the
 * report.
 *
 *   start ─▶ running ─ engine: finished ─▶ finished
 *              │ ▲ └─ deactivated or crashed ─▶ running, and goes on at the next activation
 *   pause, stop ▼ │ resume
 *           paused, stopped                     stopped does not go on: the next check begins anew
 *
 * The report is written when its state changes, every `KEEP_EVERY_MS` on the way, and at the end of the
 * session: what a crash makes it forget is compared once more. Pausing is the owner's word for stopping
 * in the engine, which knows no pause: the position is kept here.
 */
import type { CheckReport } from '../control-protocol/check-report.ts';
import type { CheckRequest } from '../control-protocol/control-request.ts';
import type { CheckTurn } from '../engine/check-order.ts';
import type { MirrorEvent } from '../engine/effect.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { readCheck, writeCheck } from '../registry/check-file.ts';
import type { Places } from '../registry/places.ts';
import { CheckKeeper, isUnfinished, KEEP_EVERY_MS } from './check-keeper.ts';
import type { Notice } from './event-words.ts';
import { notice, noticeOf } from './event-words.ts';
import type { EngineSnapshot, Order } from './worker-messages.ts';

/** Of one kind, in one check: the rest are in its report. */
const TOLD_MAX = 16;

export interface CheckSurroundings {
  readonly places: Places;
  readonly spec: MirrorSpec;
  /** One byte a region: what the engine knows to differ. */
  readonly differing: Uint8Array;
  order(order: Order): Promise<EngineSnapshot>;
  tell(what: Notice): void;
}

type Ask<Name extends CheckRequest['ask']> = Extract<CheckRequest, { readonly ask: Name }>;

export class ActiveCheck {
  readonly #to: CheckSurroundings;
  readonly #keeper: CheckKeeper;
  /** What it will be when the engine has stopped. */
  #stopsAs: CheckReport['state'] = 'running';
  #isRunning = false;
  #wasRefused = false;
  #told = { mismatch: 0, unreadable: 0 };
  #stopped: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(to: CheckSurroundings) {
    this.#to = to;
    const known = readCheck(to.places, to.spec);
    this.#keeper = new CheckKeeper(to.spec, known, to.differing, () => new Date());
  }

  get report(): CheckReport | null {
    return this.#keeper.report;
  }

  /** With how far the engine says that it is. */
  reportAt({ check }: EngineSnapshot): CheckReport | null {
    if (this.#isRunning && check.life === 'running') {
      this.#keeper.moved({ next: check.next, tally: check.tally, throttle: check.throttle });
    }
    return this.#keeper.report;
  }

  /** A check that the last session did not finish goes on, unless it was paused. */
  async resumeInterrupted(): Promise<void> {
    const { report } = this;
    if (report === null || report.state !== 'running' || !isUnfinished(report)) return;
    try {
      await this.#start({ ...report, anew: false });
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      this.#to.tell(notice('check-stopped', 'warning', `the check cannot go on: ${error.message}`));
    }
  }

  /** Throws MIRROR_BUSY, LEG_NOT_FOUND, LEG_NEEDED or USAGE. */
  async obey(request: CheckRequest): Promise<void> {
    switch (request.ask) {
      case 'startCheck':
        await this.#begin(request);
        break;
      case 'pauseCheck':
        await this.#stop('paused');
        break;
      case 'stopCheck':
        await this.#stop('stopped');
        break;
      case 'resumeCheck':
        await this.#resume();
        break;
      case 'throttleCheck':
        this.#needRunning();
        await this.#to.order({ order: 'throttleCheck', throttle: request.throttle });
        this.#keeper.moved({ throttle: request.throttle });
        break;
    }
  }

  heard(event: MirrorEvent): Notice | null {
    if (event.event === 'mismatch') {
      const { region, repairs: repaired, difference } = event;
      this.#keeper.found({ region, repaired, ...difference });
    }
    if (event.event === 'mismatch' || event.event === 'unreadable') {
      this.#told[event.event] += 1;
      if (this.#told[event.event] > TOLD_MAX) return null;
    }
    if (!('tally' in event)) return noticeOf(event, this.#to.spec.legs);
    return this.#turned(event);
  }

  /** The mirror is down. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #begin(request: Ask<'startCheck'>): Promise<void> {
    const { spec } = this.#to;
    const { first, end, repairFrom } = request;
    if (this.#isRunning) throw busy(spec.name);
    const regionCount = this.#to.differing.length;
    if (first >= end || end > regionCount) {
      const message = `regions ${first} to ${end - 1} are none of its ${regionCount}`;
      throw new MirrorError('REGION_UNKNOWN', message, { first, end });
    }
    if (repairFrom !== null && spec.legs[repairFrom] === undefined) {
      throw new MirrorError('LEG_NOT_FOUND', `${spec.name} has no leg ${repairFrom}`);
    }
    await this.#start(request);
  }

  async #resume(): Promise<void> {
    const { report } = this;
    if (this.#isRunning) return;
    if (report === null || !isUnfinished(report)) throw noneUnderWay(this.#to.spec.name);
    await this.#start({ ...report, anew: false });
  }

  async #start(wish: Omit<Ask<'startCheck'>, 'ask'>): Promise<void> {
    const { next, end, repairFrom, throttle, tally } = this.#keeper.begin(wish);
    this.#stopsAs = 'running';
    this.#isRunning = true;
    this.#wasRefused = false;
    this.#told = { mismatch: tally.different, unreadable: tally.unreadable };
    const check = {
      next: next as RegionIndex,
      end,
      repairFrom: repairFrom as LegIndex | null,
      throttle,
      before: tally,
    };
    await this.#to.order({ order: 'startCheck', check });
    if (this.#wasRefused) throw this.#notWhole(repairFrom ?? 0);
    if (this.#isRunning) {
      this.#timer ??= setInterval(() => void this.#look(), KEEP_EVERY_MS).unref();
    }
  }

  async #stop(as: 'paused' | 'stopped'): Promise<void> {
    if (!this.#isRunning) {
      const { report } = this;
      if (report === null || !isUnfinished(report)) throw noneUnderWay(this.#to.spec.name);
      this.#keeper.moved({ state: as });
      this.keep();
      return;
    }
    this.#stopsAs = as;
    const stopped = new Promise<void>((resolve) => this.#stopped.push(resolve));
    await this.#to.order({ order: 'stopCheck' });
    await stopped;
  }

  #turned(event: Extract<MirrorEvent, { readonly event: CheckTurn }>): Notice {
    const { next, tally } = event;
    const { first = 0 } = this.report ?? {};
    if (event.event === 'checkStarted') {
      this.keep();
      const told = noticeOf(event, this.#to.spec.legs);
      const goesOn = `the check goes on at region ${next}`;
      return next > first ? { ...told, event: 'check-resumed', text: goesOn } : told;
    }
    this.#isRunning = false;
    this.#wasRefused = event.event === 'checkRefused';
    const ends = event.event === 'checkFinished' ? 'finished' : this.#stopsAs;
    this.#keeper.moved({ state: this.#wasRefused ? 'stopped' : ends, next, tally });
    this.keep();
    this.close();
    for (const resolve of this.#stopped.splice(0)) resolve();
    const told = noticeOf(event, this.#to.spec.legs);
    if (event.event !== 'checkStopped' || ends === 'stopped') return told;
    const words = ends === 'paused' ? 'is paused at' : 'is interrupted at';
    return { ...told, event: 'check-paused', text: `the check ${words} region ${next}` };
  }

  async #look(): Promise<void> {
    if (!this.#isRunning) return;
    try {
      this.reportAt(await this.#to.order({ order: 'snapshot' }));
    } catch (error) {
      // The mirror is being deactivated; the engine says where the check was when it stops.
      if (error instanceof MirrorError) return;
      throw error;
    }
    this.keep();
  }

  /** The report is for people: what cannot be written now may be written later. */
  keep(): void {
    const { report } = this;
    if (report === null) return;
    try {
      writeCheck(this.#to.places, this.#to.spec.name, report);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      const text = `what the check has found so far is not on disk: ${error.message}`;
      this.#to.tell(notice('check-unkept', 'warning', text));
    }
  }

  #needRunning(): void {
    if (!this.#isRunning) throw noneUnderWay(this.#to.spec.name);
  }

  #notWhole(leg: number): MirrorError {
    const { name, legs } = this.#to.spec;
    const path = legs[leg]?.path ?? '';
    const message = `leg ${path} does not hold everything, so nothing can be repaired from it`;
    const hint = `wait until it does: mirrorctl wait ${name} --until in-sync`;
    return new MirrorError('LEG_NEEDED', message, { leg, path }, hint);
  }
}

function busy(name: string): MirrorError {
  const hint = `mirrorctl check ${name} --stop ends it`;
  return new MirrorError('MIRROR_BUSY', `a check of ${name} is under way`, { mirror: name }, hint);
}

function noneUnderWay(name: string): MirrorError {
  const hint = `mirrorctl check ${name} begins one`;
  return new MirrorError('CHECK_UNKNOWN', `no check of ${name} is under way`, {}, hint);
}
