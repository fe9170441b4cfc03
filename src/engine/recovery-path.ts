/**
 * Recovery: claim a region, wait until its writes have drained, copy it, complete, and let the sweep
 * clear it. A bounded number of regions at once; fewer, and slower, while clients are busy.
 *
 *   nosync ─claim─▶ quiescing ─drained─▶ recovering ─copied─▶ dirty ─legs flushed─▶ clean
 *                       │ a leg fails a write  │ copy fails
 *                       └──────────────────────┴───▶ nosync, tried again later
 *
 * Completing comes before clearing: the region is in sync, its delayed writes are released, and only
 * a later sweep sets its clean bit. Every exit from quiescing and recovering frees its place, because
 * the places in use *are* the regions in those two states.
 */
import { invariant } from '../errors/invariant.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { lowest } from '../mirror-set/read-policy.ts';
import { RecoveryProgress } from '../recovery/progress.ts';
import type { ResyncScheduler } from '../recovery/resync-scheduler.ts';
import type { Throttle } from '../recovery/throttle.ts';
import { RecoveryThrottle } from '../recovery/throttle.ts';
import type { LegMask } from '../region/leg-content.ts';
import { common, has, legsOf, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { MirrorState } from './mirror-state.ts';
import { RESUMED_EPOCH } from './mirror-state.ts';

/**
 * While clients were active within this many ticks, recovery takes a sixteenth of its places, and, unless
 * the owner has said how fast it may go, no more than this. What little there is to recover after a
 * crash is best over at once: so much is saved up that 128 MiB go first.
 */
const FOREGROUND_WINDOW = 200;
const FOREGROUND_SHARE = 16;
const FOREGROUND_LIMIT = { bytesPerSecond: 32 * 2 ** 20 };
const FOREGROUND_SAVED = 4_000;

interface RegionCopy {
  readonly source: LegIndex;
  readonly targets: LegMask;
  readonly unreadable: LegMask;
  /** A moment of `LegSet.lostSince`. */
  readonly beganAt: number;
}

export class RecoveryPath {
  readonly progress = new RecoveryProgress();
  readonly #state: MirrorState;
  readonly #scheduler: ResyncScheduler;
  readonly #throttle = new RecoveryThrottle();
  readonly #courtesy = new RecoveryThrottle(FOREGROUND_SAVED);
  readonly #recoveriesMax: number;
  readonly #copies = new Map<RegionIndex, RegionCopy>();
  #paused = false;
  #foregroundAt = Number.NEGATIVE_INFINITY;
  /** Something changed since the last look for work. */
  #due = true;

  constructor(state: MirrorState, scheduler: ResyncScheduler, recoveriesMax: number) {
    this.#state = state;
    this.#scheduler = scheduler;
    this.#recoveriesMax = recoveriesMax;
    this.#courtesy.change(FOREGROUND_LIMIT, Number.NEGATIVE_INFINITY);
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get throttle(): Throttle {
    return this.#throttle.limit;
  }

  /** There is something that legs in service can recover, and it is not paused. */
  get isUnderWay(): boolean {
    return !this.#paused && this.#state.content.workCount > 0;
  }

  /** Regions claimed: quiescing or being copied. */
  get claimed(): number {
    return this.#state.hash.countOf('quiescing') + this.#state.hash.countOf('recovering');
  }

  /** Regions that are copied before `region`: those that go first, and those being copied. */
  workBefore(region: RegionIndex): number {
    const { content, hash } = this.#state;
    if (hash.isClaimed(region)) return 0;
    const isWork = (one: RegionIndex) => content.isWork(one) && !hash.isClaimed(one);
    return this.claimed + this.#scheduler.countBefore(region, content.regionCount, isWork);
  }

  /** Ticks until a region that has failed is tried again; null: it has not failed. */
  retryIn(region: RegionIndex): number | null {
    const at = this.#scheduler.retryAt(region);
    return at === null ? null : Math.max(0, at - this.#state.now);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#due = true;
    this.#scheduler.forgetFailures();
  }

  /** A leg is in service again: what could not be copied to or from it may go well now. */
  legCame(): void {
    this.#due = true;
    this.#scheduler.forgetFailures();
  }

  limit(throttle: Throttle): void {
    this.#throttle.change(throttle, this.#state.now);
    this.#due = true;
  }

  foreground(): void {
    this.#foregroundAt = this.#state.now;
  }

  tick(): void {
    this.#due = true;
    if (this.isUnderWay) this.progress.sample(this.#state.now);
    else this.progress.restart(this.#state.now);
  }

  /** At the end of a step: starts copies that became ready, and claims regions if there is room. */
  kick(): void {
    const { readyToCopy } = this.#state;
    while (readyToCopy.length > 0) this.#start(readyToCopy.shift() as RegionIndex, NO_LEGS);
    const { hash, now, content } = this.#state;
    if (!this.#due || this.#paused || !this.#state.isMarkSafe(RESUMED_EPOCH)) return;
    this.#due = false;
    while (
      content.workCount > this.claimed &&
      this.claimed < this.places &&
      this.#pace.allows(now, this.#copies.size)
    ) {
      const region = this.#nextRegion();
      if (region === null) return;
      if (hash.claim(region)) this.#start(region, NO_LEGS);
    }
  }

  copyEnded(region: RegionIndex, readFailed: boolean, failedTargets: LegMask): void {
    const { now, content } = this.#state;
    const copy = this.#copies.get(region);
    invariant(copy !== undefined, `region ${region} is not being copied`);
    this.#copies.delete(region);
    this.#due = true;
    if (this.#copies.size === 0) this.#throttle.drained(now);
    if (readFailed) {
      this.#state.legFailed(copy.source, 'sync');
      const unreadable = union(copy.unreadable, maskOf(copy.source));
      if (without(content.serving(region), unreadable) !== NO_LEGS) {
        this.#start(region, unreadable);
        return;
      }
    }
    for (const leg of legsOf(failedTargets)) this.#state.legFailed(leg, 'sync');
    const isVoid = readFailed || this.#isVoid(region, copy);
    this.#complete(region, copy.targets, isVoid ? NO_LEGS : without(copy.targets, failedTargets));
  }

  /**
   * What was read may be lost by now, or what was written, since a leg failed a flush meanwhile or went
   * out of service; or another leg than the source is believed about this region.
   */
  #isVoid(region: RegionIndex, { source, targets, beganAt }: RegionCopy): boolean {
    const { legs, content } = this.#state;
    const lossy = legs.lostSince(beganAt);
    const tookPart = union(targets, maskOf(source));
    return common(lossy, tookPart) !== NO_LEGS || !has(content.holders(region), source);
  }

  /** Of `targets`, `recovered` hold the region now. A leg that came meanwhile may still miss it. */
  #complete(region: RegionIndex, targets: LegMask, recovered: LegMask): void {
    const { content, hash, now, geometry, legs } = this.#state;
    content.recover(region, recovered);
    legs.copied(recovered);
    const inSync = content.isInSync(region);
    if (recovered !== targets) {
      this.#scheduler.failed(region, now);
    } else if (recovered !== NO_LEGS) {
      this.#scheduler.recovered(region);
      this.progress.recovered(geometry.lengthOf(region));
    }
    const released = hash.endCopy(region, inSync ? 'copySucceeds' : 'copyFails');
    this.#state.released.push(...released);
    if (inSync && content.inSyncCount === content.regionCount) {
      legs.forgive();
      this.#state.emit({ kind: 'event', event: { event: 'inSync' } });
    }
  }

  /** Legs may have gone out of service since the region was claimed; then there may be nothing to do. */
  #start(region: RegionIndex, unreadable: LegMask): void {
    const { content, legs, geometry, now } = this.#state;
    const holders = without(content.serving(region), unreadable);
    const targets = common(content.missing(region), content.inService);
    if (holders === NO_LEGS || targets === NO_LEGS) {
      this.#complete(region, NO_LEGS, NO_LEGS);
      return;
    }
    const source = has(holders, legs.primary) ? legs.primary : lowest(holders);
    this.#throttle.took(geometry.lengthOf(region), now);
    this.#courtesy.took(geometry.lengthOf(region), now);
    this.#copies.set(region, { source, targets, unreadable, beganAt: legs.losses });
    this.#state.emit({
      kind: 'copyRegion',
      region,
      source,
      targets: legsOf(targets),
      offset: geometry.startOf(region),
      length: geometry.lengthOf(region),
    });
  }

  /** Regions that may be taken from the clients at once: fewer while they are busy. */
  get places(): number {
    return this.#givesWay
      ? Math.max(1, Math.floor(this.#recoveriesMax / FOREGROUND_SHARE))
      : this.#recoveriesMax;
  }

  /** Time decides when the next region may be taken. */
  get isPaced(): boolean {
    return this.isUnderWay && this.#pace.limit !== null;
  }

  /** What the owner has said; without a word of the owner, whatever clients leave. */
  get #pace(): RecoveryThrottle {
    return this.throttle === null && this.#givesWay ? this.#courtesy : this.#throttle;
  }

  get #givesWay(): boolean {
    return this.#state.now - this.#foregroundAt < FOREGROUND_WINDOW;
  }

  #nextRegion(): RegionIndex | null {
    const { content, hash, now } = this.#state;
    const isFree = (region: RegionIndex) =>
      !hash.isClaimed(region) && this.#state.hasSafeMark(region);
    const isWork = (region: RegionIndex) => content.isWork(region) && isFree(region);
    return this.#scheduler.next(now, isWork, (from) => {
      let region = content.nextWork(from);
      while (region !== null && !isFree(region)) region = content.nextWork(region + 1);
      return region;
    });
  }
}
