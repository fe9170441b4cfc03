/**
 * The check: goes through the regions in order and compares the legs that hold each of them.
 *
 *   cursor ─▶ held ─writes drained─▶ compared ─▶ equal ───────────────────────────────▶ let go
 *                                       ├──────▶ different: told and remembered ──────▶ let go
 *                                       └──────▶ to be repaired: marked in the log
 *                                                  └─durable─▶ the others lose it ────▶ let go
 *   held ─writes wait for the log─▶ left out, let go
 *
 * A held region takes no writes, so what is compared stands still; writes that come wait, as they do
 * for recovery. A region is held whatever its state, and keeps it: looking changes nothing.
 *
 * Finding a difference changes nothing either, but that it is known: nobody can tell by looking which
 * leg is right. The owner names one, and then it is the primary, durably, before anything is repaired.
 * So a crash in the middle of a repair leaves an ordinary region out of sync, whose source is the leg
 * that was named; and the copy itself is recovery's. That is the whole of a repair.
 *
 * The check gives way to recovery: nothing is held while a region is claimed. A bounded number of
 * regions at once, fewer while clients are busy.
 */
import type { CheckTally } from '../control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../control-protocol/check-report.ts';
import { invariant } from '../errors/invariant.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { RecoveryProgress } from '../recovery/progress.ts';
import type { Throttle } from '../recovery/throttle.ts';
import { RecoveryThrottle } from '../recovery/throttle.ts';
import type { LegMask } from '../region/leg-content.ts';
import { common, has, legsOf, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { CheckOrder, CheckTurn, RegionDifference } from './check-order.ts';
import { differenceAmong } from './check-order.ts';
import type { LogPath } from './log-path.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';
import type { RecoveryPath } from './recovery-path.ts';

/** `preparing`: the leg to repair from is being made the primary; `stopping`: some regions are held. */
export type CheckLife = 'none' | 'preparing' | 'running' | 'stopping';

export class CheckPath {
  readonly progress = new RecoveryProgress();
  readonly #state: MirrorState;
  readonly #recovery: RecoveryPath;
  readonly #log: LogPath;
  readonly #memory: MemoryKeeper;
  readonly #throttle = new RecoveryThrottle();
  /** Held and being compared, with the legs that are. */
  readonly #comparing = new Map<RegionIndex, LegMask>();
  /** Held until their mark is durable: then the others than the source lose them. */
  readonly #repairing = new Set<RegionIndex>();
  /** Held until their writes have drained. */
  readonly #draining = new Set<RegionIndex>();
  #life: CheckLife = 'none';
  #order: CheckOrder | null = null;
  #cursor = 0;
  #tally: CheckTally = NOTHING_CHECKED;
  #due = false;

  constructor(state: MirrorState, recovery: RecoveryPath, log: LogPath, memory: MemoryKeeper) {
    this.#state = state;
    this.#recovery = recovery;
    this.#log = log;
    this.#memory = memory;
  }

  get life(): CheckLife {
    return this.#life;
  }

  get order(): CheckOrder | null {
    return this.#order;
  }

  get throttle(): Throttle {
    return this.#throttle.limit;
  }

  /** Since the order was given. */
  get tally(): CheckTally {
    return this.#tally;
  }

  /** Regions held. */
  get held(): number {
    return this.#draining.size + this.#comparing.size + this.#repairing.size;
  }

  /** Every region of the order before this one has been looked at. */
  get position(): number {
    const held = [...this.#draining, ...this.#comparing.keys(), ...this.#repairing];
    return held.reduce((first, region) => Math.min(first, region), this.#cursor);
  }

  get regionsLeft(): number {
    return this.#life === 'none' ? 0 : this.#end - this.position;
  }

  start(order: CheckOrder): void {
    invariant(this.#life === 'none', 'there is a check already');
    const { repairFrom, before } = order;
    this.#order = order;
    this.#cursor = order.next;
    this.#tally = before;
    if (repairFrom !== null && !this.#makePrimary(repairFrom)) {
      this.#tell('checkRefused');
      return;
    }
    this.limit(order.throttle);
    this.progress.restart(this.#state.now);
    this.#life = 'preparing';
    const begin = (kept: boolean) => {
      if (this.#life !== 'preparing' || this.#order !== order) return;
      if (kept) this.#run();
      else this.stop();
    };
    if (repairFrom === null || !this.#memory.holds(begin)) begin(true);
  }

  limit(throttle: Throttle): void {
    this.#throttle.change(throttle, this.#state.now);
    this.#due = true;
  }

  /** What is held is finished first; `checkStopped` says where that was. */
  stop(): void {
    if (this.#life !== 'none') this.#life = 'stopping';
  }

  tick(): void {
    this.#due = true;
    if (this.#life === 'running') this.progress.sample(this.#state.now);
    else this.progress.restart(this.#state.now);
  }

  /** At the end of a step, before recovery's: it must not see the regions that drained for the check. */
  kick(): void {
    if (this.#life === 'none') return; // then nothing is held
    this.#takeDrained();
    this.#skipHeldUp();
    this.#repairMarked();
    if (this.#life === 'running' && this.#due) this.#takeRegions();
    if (this.held > 0) return;
    if (this.#life === 'running' && this.#cursor === this.#end) this.#over('checkFinished');
    if (this.#life === 'stopping') this.#over('checkStopped');
  }

  /** `difference` speaks of the legs that could be read. */
  compareEnded(
    region: RegionIndex,
    unreadable: LegMask,
    difference: RegionDifference | null,
  ): void {
    const compared = this.#comparing.get(region);
    invariant(compared !== undefined, `region ${region} is not being compared`);
    this.#comparing.delete(region);
    this.#due = true;
    const { now, geometry } = this.#state;
    if (this.held === 0) this.#throttle.drained(now);
    this.progress.recovered(geometry.lengthOf(region));
    for (const leg of legsOf(unreadable)) this.#state.legFailed(leg, 'read');
    const isRepaired = this.#judge(region, compared, unreadable, difference);
    if (isRepaired) this.#repairing.add(region);
    else this.#letGo(region);
  }

  get #end(): number {
    return this.#order?.end ?? 0;
  }

  #run(): void {
    this.#life = 'running';
    this.#due = true;
    this.#tell('checkStarted');
  }

  #over(event: 'checkFinished' | 'checkStopped'): void {
    this.#life = 'none';
    this.#tell(event);
  }

  #tell(event: CheckTurn): void {
    const { position: next, tally } = this;
    this.#state.emit({ kind: 'event', event: { event, next, tally } });
  }

  #takeRegions(): void {
    this.#due = false;
    const { now, hash } = this.#state;
    while (
      this.held < this.#recovery.places &&
      this.#recovery.claimed === 0 &&
      this.#throttle.allows(now, this.held)
    ) {
      const region = this.#nextRegion();
      if (region === null) break;
      if (hash.hold(region)) this.#compare(region);
      else this.#draining.add(region);
    }
  }

  #count(what: keyof CheckTally): void {
    this.#tally = { ...this.#tally, [what]: this.#tally[what] + 1 };
  }

  /** The primary holds everything, and would after a power cut: so must the one that becomes it. */
  #makePrimary(leg: LegIndex): boolean {
    const { legs, content } = this.#state;
    if (leg === legs.primary) return true;
    const unfit = union(content.missedLegs, legs.unsettled);
    if (!has(without(content.inService, unfit), leg)) return false;
    legs.primary = leg;
    this.#state.emit({ kind: 'event', event: { event: 'primaryMoved', leg } });
    return true;
  }

  /** Null: nothing is left. */
  #nextRegion(): RegionIndex | null {
    const { content } = this.#state;
    for (; this.#cursor < this.#end; this.#cursor += 1) {
      const region = this.#cursor as RegionIndex;
      if (isSeveral(content.serving(region))) {
        this.#cursor += 1;
        return region;
      }
      this.#count('skipped');
    }
    return null;
  }

  #takeDrained(): void {
    const { readyToCopy, hash } = this.#state;
    if (readyToCopy.length === 0) return;
    const drained = readyToCopy.filter((region) => hash.isHeld(region));
    this.#state.readyToCopy = readyToCopy.filter((region) => !hash.isHeld(region));
    for (const region of drained) {
      this.#draining.delete(region);
      this.#compare(region);
    }
  }

  /** Nobody knows when writes end that wait for the log to come back; a check need not wait with them. */
  #skipHeldUp(): void {
    if (this.#log.heldCount === 0) return;
    for (const region of this.#draining) {
      this.#draining.delete(region);
      this.#count('skipped');
      this.#due = true;
      this.#letGo(region);
    }
  }

  #compare(region: RegionIndex): void {
    const { content, geometry, now } = this.#state;
    const legs = content.serving(region);
    if (!isSeveral(legs)) {
      // While its writes drained, a leg missed one of them or went out of service.
      this.#count('skipped');
      this.#due = true;
      this.#letGo(region);
      return;
    }
    const length = geometry.lengthOf(region);
    this.#throttle.took(length, now);
    this.#comparing.set(region, legs);
    this.#state.emit({
      kind: 'compareRegion',
      region,
      legs: legsOf(legs),
      offset: geometry.startOf(region),
      length,
    });
  }

  /** A leg may have lost the region meanwhile: what it has is nobody's business then. True: repair. */
  #judge(
    region: RegionIndex,
    compared: LegMask,
    unreadable: LegMask,
    difference: RegionDifference | null,
  ): boolean {
    const { content, differing } = this.#state;
    const readable = common(without(compared, unreadable), content.holders(region));
    if (unreadable !== NO_LEGS) {
      this.#count('unreadable');
      this.#state.emit({
        kind: 'event',
        event: { event: 'unreadable', region, legs: legsOf(unreadable) },
      });
    }
    if (!isSeveral(readable)) {
      this.#count('skipped');
      return false;
    }
    this.#count('compared');
    const found = difference === null ? null : differenceAmong(difference, readable);
    if (found === null) {
      if (readable === content.holders(region)) differing.remove(region);
      return false;
    }
    this.#count('different');
    differing.add(region);
    const repairs = this.#mayRepair(readable);
    const event = { event: 'mismatch', region, difference: found, repairs } as const;
    this.#state.emit({ kind: 'event', event });
    if (repairs) this.#state.log.mark(region);
    return repairs;
  }

  #mayRepair(readable: LegMask): boolean {
    const source = this.#order?.repairFrom ?? null;
    if (source === null || this.#log.refuses) return false;
    return source === this.#state.legs.primary && has(readable, source);
  }

  /** Whoever reads the log after a crash copies these regions, so now they may become out of sync. */
  #repairMarked(): void {
    const { log, content, legs, hash } = this.#state;
    for (const region of this.#repairing) {
      const isSafe = this.#state.isMarkSafe(log.mark(region));
      if (!isSafe && !this.#log.refuses) continue;
      this.#repairing.delete(region);
      this.#due = true;
      const holders = content.holders(region);
      if (isSafe && legs.primary === this.#order?.repairFrom) {
        this.#count('repaired');
        this.#state.lose(region, without(holders, maskOf(legs.primary)));
      } else if (hash.stateOf(region) === 'clean') {
        // The mark was for the repair alone: left there, it would have the region copied from whoever is primary.
        log.clear(region, content.isInSync(region));
      }
      this.#letGo(region);
    }
  }

  #letGo(region: RegionIndex): void {
    this.#state.released.push(...this.#state.hash.letGo(region));
  }
}

/** More than one leg. */
function isSeveral(legs: LegMask): boolean {
  return (legs & (legs - 1)) !== 0;
}
