/**
 * What all paths of the engine share: the regions, who holds them, the log, the legs, and the effects
 * asked for so far in this step.
 *
 * Invariant: the primary misses nothing. Whoever makes legs lose a region moves the primary first, or
 * leaves it as the one that is believed.
 *
 * The paths never call each other in circles. What one path causes in another is left here as work
 * (`released`, `readyToCopy`), and the engine hands it out before the step ends.
 */
import type { DirtyLog, LogEpoch } from '../dirty-log/dirty-log.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { LegFault } from '../mirror-set/leg-set.ts';
import { LegSet } from '../mirror-set/leg-set.ts';
import type { ReadPolicy } from '../mirror-set/mirror-spec.ts';
import type { LegContent, LegMask } from '../region/leg-content.ts';
import { has, legsOf, union, without } from '../region/leg-content.ts';
import { RegionHash } from '../region/region-hash.ts';
import type { Effect } from './effect.ts';
import type { WritePiece } from './write-piece.ts';

export interface EngineOptions {
  readonly geometry: RegionGeometry;
  readonly log: DirtyLog;
  /** Which legs miss what, as the log and the sidecar say at activation. */
  readonly content: LegContent;
  readonly primary: LegIndex;
  /** One byte a region, zeroed: filled and kept up to date with the numbers of `REGION_STATES`. */
  readonly states: Uint8Array;
  readonly readPolicy: ReadPolicy;
  /** False: the primary never moves, and errors raise no event. */
  readonly handleErrors: boolean;
  /** True: once the log has failed, writes it should have recorded fail too. */
  readonly keepLog: boolean;
  readonly logTrusted: boolean;
  /** Regions that may be quiescing or recovering at once. */
  readonly recoveriesMax: number;
}

const NOSYNC = 2;

export class MirrorState {
  readonly geometry: RegionGeometry;
  readonly content: LegContent;
  readonly log: DirtyLog;
  readonly legs: LegSet;
  readonly hash: RegionHash<WritePiece>;
  readonly handleErrors: boolean;
  /** The next process will believe the log. False once it is on record that it must not. */
  logIsBelieved = true;
  /** In whole ticks, as of the last input that told the time. */
  now = 0;
  /** Client requests that have not been answered. */
  requestsInFlight = 0;
  effects: Effect[] = [];
  /** Writes whose region is no longer being recovered. */
  released: WritePiece[] = [];
  /** Claimed regions whose last write has drained. */
  readyToCopy: RegionIndex[] = [];

  constructor(options: EngineOptions) {
    const { geometry, content, log, primary, states, handleErrors } = options;
    this.geometry = geometry;
    this.content = content;
    this.log = log;
    this.handleErrors = handleErrors;
    this.legs = new LegSet(legCountOf(content.all), primary);
    for (
      let region = content.nextOutOfSync(0);
      region !== null;
      region = content.nextOutOfSync(region + 1)
    ) {
      states[region] = NOSYNC;
    }
    this.hash = new RegionHash(states);
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  /** No crash could leave a log, believed by the next process, that lacks a mark of this epoch. */
  isMarkSafe(epoch: LogEpoch): boolean {
    return epoch <= this.log.durableEpoch || !this.logIsBelieved;
  }

  /** `legs` no longer hold `region`; at least one leg still does. */
  lose(region: RegionIndex, legs: LegMask): void {
    this.content.miss(region, legs);
    if (this.content.isInSync(region)) return;
    const { mark, released } = this.hash.legMisses(region);
    if (mark) this.hash.marked(region, this.log.mark(region));
    this.released.push(...released);
  }

  legFailed(leg: LegIndex, fault: LegFault): void {
    const isNews = this.legs.fail(leg, fault);
    if (isNews && this.handleErrors) {
      this.emit({ kind: 'event', event: { event: 'legFailed', leg, fault } });
    }
  }

  /**
   * Gives the primary's part to a leg outside `failed` that misses nothing, not even should its cache
   * be lost: one without errors if there is one, the lowest index first. False: there is none, or the
   * owner does not want it; the primary stays, and better an error than stale data.
   */
  movePrimary(failed: LegMask): boolean {
    if (!this.handleErrors) return false;
    const unfit = union(failed, union(this.content.missedLegs, this.legs.unsettled));
    const complete = legsOf(without(this.content.all, unfit));
    const sound = this.legs.sound(this.content.all);
    const heir = complete.find((leg) => has(sound, leg)) ?? complete[0];
    if (heir === undefined) return false;
    this.legs.primary = heir;
    this.emit({ kind: 'event', event: { event: 'primaryMoved', leg: heir } });
    return true;
  }
}

function legCountOf(all: LegMask): number {
  return 32 - Math.clz32(all);
}
