/**
 * What all paths of the engine share: the regions, who holds them, the log, the legs, and the effects
 * asked for so far in this step.
 *
 * Invariant: the primary misses nothing. Whoever makes legs lose a region moves the primary first, or
 * leaves it as the one that is believed.
 *
 * A leg out of service is asked for nothing, not even for a flush; so it loses at once what it has not
 * flushed, and each region that is written meanwhile, and gets exactly that when it is back. Only the
 * primary, while it has no heir, loses nothing by that: then nothing is written, and nothing called
 * clean, until it is back or somebody has become complete.
 *
 * The paths never call each other in circles. What one path causes in another is left here as work
 * (`released`, `readyToCopy`), and the engine hands it out before the step ends.
 */
import type { DirtyLog, LogEpoch } from '../dirty-log/dirty-log.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { LegFault } from '../mirror-set/leg-set.ts';
import { LegSet } from '../mirror-set/leg-set.ts';
import type { LogFailurePolicy, ReadPolicy } from '../mirror-set/mirror-spec.ts';
import type { LegContent, LegMask } from '../region/leg-content.ts';
import { has, legsOf, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import { RegionHash } from '../region/region-hash.ts';
import { DifferingRegions } from './differing-regions.ts';
import type { Effect } from './effect.ts';
import { LossDiary } from './loss-diary.ts';
import type { WritePiece } from './write-piece.ts';

export interface EngineOptions {
  readonly geometry: RegionGeometry;
  readonly log: DirtyLog;
  /** Which legs miss what, as the log and the sidecar say at activation. */
  readonly content: LegContent;
  readonly primary: LegIndex;
  /** One byte a region, zeroed: filled and kept up to date with the numbers of `REGION_STATES`. */
  readonly states: Uint8Array;
  /** One byte a region, 1 where legs are known to differ: kept up to date. */
  readonly differing: Uint8Array;
  readonly readPolicy: ReadPolicy;
  /** False: the primary never moves, and errors raise no event. */
  readonly handleErrors: boolean;
  readonly onLogFailure: LogFailurePolicy;
  /** True: a write that a leg failed is not answered before the owner has decided about that leg. */
  readonly holdOnFailure: boolean;
  /** Regions that may be quiescing or recovering at once. */
  readonly recoveriesMax: number;
}

/**
 * With this epoch the resumed log is on disk. Until then a region may be dirty as we read it and clean
 * in what a power cut would leave, if a process died in the middle of writing the log.
 */
export const RESUMED_EPOCH = 0;

const NOSYNC = 2;

export class MirrorState {
  readonly geometry: RegionGeometry;
  readonly content: LegContent;
  readonly log: DirtyLog;
  readonly legs: LegSet;
  readonly hash: RegionHash<WritePiece>;
  readonly differing: DifferingRegions;
  readonly losses = new LossDiary();
  readonly handleErrors: boolean;
  /** The next process will believe the log. False once it is on record that it must not. */
  logIsBelieved = true;
  /** Legs that failed, or went out of service, and about which the owner wants to decide. */
  undecided = NO_LEGS;
  /** A flush failed, and no client has heard of it. */
  lossIsUntold = false;
  readonly #holdOnFailure: boolean;
  /** In whole ticks, as of the last input that told the time. */
  now = 0;
  /** Client requests that have not been answered. */
  requestsInFlight = 0;
  effects: Effect[] = [];
  /** Writes whose region is no longer being recovered. */
  released: WritePiece[] = [];
  /** Claimed or held regions whose last write has drained. */
  readyToCopy: RegionIndex[] = [];

  constructor(options: EngineOptions) {
    const { geometry, content, log, primary, states, differing, handleErrors } = options;
    this.geometry = geometry;
    this.content = content;
    this.log = log;
    this.handleErrors = handleErrors;
    this.#holdOnFailure = options.holdOnFailure;
    this.legs = new LegSet(legCountOf(content.all), primary);
    this.differing = new DifferingRegions(differing);
    for (
      let region = 0 as RegionIndex;
      region < states.length;
      region = (region + 1) as RegionIndex
    ) {
      if (content.isInSync(region)) continue;
      states[region] = NOSYNC;
      this.differing.heldBy(region, content.holders(region));
    }
    this.hash = new RegionHash(states);
  }

  /**
   * Goes on from `before`, which has stopped: leg i is the one that was leg `known[i]` there, null for a
   * new one. What could not be flushed there is as if it had just been written, the log's mark included.
   */
  takeOver(before: MirrorState, known: readonly (LegIndex | null)[]): void {
    this.legs.takeOver(before.legs, known);
    this.lossIsUntold = before.lossIsUntold;
    for (const [leg, old] of known.entries()) {
      if (old !== null && has(before.undecided, old)) this.#awaitDecision(leg as LegIndex);
    }
    for (const region of before.hash.remembered()) {
      if (!this.geometry.contains(region)) continue;
      this.hash.beginWrite(region);
      this.hash.marked(region, this.log.mark(region));
      this.hash.endWrite(region, this.now);
    }
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  /** No crash could leave a log, believed by the next process, that lacks a mark of this epoch. */
  isMarkSafe(epoch: LogEpoch): boolean {
    return epoch <= this.log.durableEpoch || !this.logIsBelieved;
  }

  /** As `isMarkSafe`, for a region that is marked. */
  hasSafeMark(region: RegionIndex): boolean {
    return this.isMarkSafe(this.hash.markEpochOf(region));
  }

  /** `legs` no longer hold `region`; at least one leg still does. */
  lose(region: RegionIndex, legs: LegMask): void {
    const news = without(legs, this.content.missing(region));
    if (news !== NO_LEGS) this.losses.note(region, news, this.now);
    this.content.miss(region, legs);
    this.differing.heldBy(region, this.content.holders(region));
    if (this.content.isInSync(region)) return;
    const { mark, released } = this.hash.legMisses(region);
    if (mark) this.hash.marked(region, this.log.mark(region));
    this.released.push(...released);
  }

  /** Every region that `legs` held and have not flushed since it was last written is lost to them. */
  loseUnflushed(legs: LegMask): void {
    for (const region of this.hash.remembered()) {
      // Behind a mark that is not safe nothing has been written yet: the region is as when it was clean.
      if (this.hasSafeMark(region)) this.lose(region, legs);
    }
  }

  /** What a leg out of service was asked before may still fail; that says nothing new about it. */
  legFailed(leg: LegIndex, fault: LegFault): void {
    if (!has(this.content.inService, leg)) return;
    if (fault !== 'read') this.#awaitDecision(leg);
    const isNews = this.legs.fail(leg, fault);
    if (isNews && this.handleErrors) {
      this.emit({ kind: 'event', event: { event: 'legFailed', leg, fault } });
    }
  }

  takeLegOut(leg: LegIndex, isLate: boolean): void {
    const { content } = this;
    if (!has(content.inService, leg)) return;
    content.serve(without(content.inService, maskOf(leg)));
    this.#awaitDecision(leg);
    this.emit({ kind: 'event', event: { event: 'legOut', leg, isLate } });
    if (leg !== this.legs.primary || this.movePrimary(maskOf(leg))) this.#loseWhileOut(leg);
  }

  letLegIn(leg: LegIndex): void {
    const { content } = this;
    if (has(content.inService, leg)) return;
    content.serve(union(content.inService, maskOf(leg)));
    this.emit({ kind: 'event', event: { event: 'legIn', leg } });
  }

  /** The owner knows of the leg's failure. */
  legDecided(leg: LegIndex): void {
    this.undecided = without(this.undecided, maskOf(leg));
  }

  #awaitDecision(leg: LegIndex): void {
    if (this.#holdOnFailure) this.undecided = union(this.undecided, maskOf(leg));
  }

  /** At the end of a step: a primary out of service has its part taken as soon as somebody can. */
  replacePrimaryOut(): void {
    const { primary } = this.legs;
    if (has(this.content.inService, primary)) return;
    if (this.movePrimary(maskOf(primary))) this.#loseWhileOut(primary);
  }

  #loseWhileOut(leg: LegIndex): void {
    this.legs.lose(leg);
    this.loseUnflushed(maskOf(leg));
  }

  /**
   * A leg in service outside `failed` that misses nothing, not even should its cache be lost: one
   * without errors if there is one, the lowest index first.
   */
  heirBut(failed: LegMask): LegIndex | null {
    const unfit = union(failed, union(this.content.missedLegs, this.legs.unsettled));
    const complete = legsOf(without(this.content.inService, unfit));
    const sound = this.legs.sound(this.content.all);
    return complete.find((leg) => has(sound, leg)) ?? complete[0] ?? null;
  }

  /**
   * Gives the primary's part to an heir. False: there is none, or the owner does not want it; the
   * primary stays, and better an error than stale data.
   */
  movePrimary(failed: LegMask): boolean {
    const heir = this.handleErrors ? this.heirBut(failed) : null;
    if (heir === null) return false;
    this.legs.primary = heir;
    this.emit({ kind: 'event', event: { event: 'primaryMoved', leg: heir } });
    return true;
  }
}

function legCountOf(all: LegMask): number {
  return 32 - Math.clz32(all);
}
