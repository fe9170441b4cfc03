/**
 * A check without an engine: under the mirror's lock, with the legs locked against writers, region by
 * region on a copier's thread.
 *
 *   lock mirror ─▶ open legs ─▶ compare … ─▶ report on disk ─▶ close
 *
 * Nothing is repaired here: what is copied, and from where, is an engine's business. Regions that the
 * next activation will copy anyway are left out (`isLeftOut`).
 */
import type { CheckReport, CheckTally } from '../control-protocol/check-report.ts';
import type { CompareOutcome } from '../copier/copy-messages.ts';
import { CopyPool } from '../copier/copy-pool.ts';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { RegionIndex } from '../geometry/units.ts';
import { legIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { RecoveryThrottle } from '../recovery/throttle.ts';
import { readCheck, writeCheck } from '../registry/check-file.ts';
import { lockMirror } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import type { CheckWish } from './check-keeper.ts';
import { CheckKeeper, KEEP_EVERY_MS } from './check-keeper.ts';

/** One is compared while the next waits in front of the thread. */
const AT_ONCE = 2;
const REST_MS = 10;

export interface OfflineCheck {
  readonly places: Places;
  readonly spec: MirrorSpec;
  readonly wish: CheckWish;
  /** The next activation copies this region. */
  isLeftOut(region: number): boolean;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** Ends it early: paused, to go on from there. */
  readonly interruption: AbortSignal;
  /** How far it is. */
  moved(report: CheckReport): void;
}

/** Throws MIRROR_ACTIVE, MIRROR_BUSY, LEG_…, STATE_WRITE_FAILED. */
export async function checkOffline(check: OfflineCheck): Promise<CheckReport> {
  const { places, spec } = check;
  const lock = lockMirror(places, spec.name, 'change');
  try {
    const devices = openDevices(
      spec.legs.map(({ path, offsetBytes }) => {
        const lengthBytes = spec.sizeBytes;
        return { role: 'leg', path, access: 'read', offsetBytes, lengthBytes } as const;
      }),
    );
    const legs = spec.legs.map(({ offsetBytes }, leg) => {
      const device = devices[leg];
      return device === undefined ? [] : [{ device, offsetBytes, direct: null }];
    });
    const pool = new CopyPool(legs.flat(), 1);
    try {
      return await new OfflineRun(check, pool).run();
    } finally {
      await pool.close();
      closeDevices(devices);
    }
  } finally {
    lock.release();
  }
}

class OfflineRun {
  readonly #check: OfflineCheck;
  readonly #pool: CopyPool;
  readonly #geometry: RegionGeometry;
  readonly #differing: Uint8Array;
  readonly #keeper: CheckKeeper;
  readonly #throttle = new RecoveryThrottle();
  readonly #underWay = new Map<number, Promise<void>>();
  #tally: CheckTally;
  #next: number;
  #keptAtMs = 0;

  constructor(check: OfflineCheck, pool: CopyPool) {
    const { places, spec, wish } = check;
    this.#check = check;
    this.#pool = pool;
    this.#geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
    this.#differing = new Uint8Array(this.#geometry.regionCount);
    this.#keeper = new CheckKeeper(spec, readCheck(places, spec), this.#differing, check.now);
    const { tally, next, throttle } = this.#keeper.begin(wish);
    this.#tally = tally;
    this.#next = next;
    this.#throttle.change(throttle, this.#nowMs);
  }

  async run(): Promise<CheckReport> {
    const { interruption, wish } = this.#check;
    this.#keep();
    while (this.#next < wish.end && !interruption.aborted) {
      const region = this.#next as RegionIndex;
      this.#next += 1;
      if (this.#check.isLeftOut(region)) {
        this.#count('skipped');
        continue;
      }
      await this.#mayTake();
      this.#throttle.took(this.#geometry.lengthOf(region), this.#nowMs);
      this.#underWay.set(region, this.#compare(region));
      if (this.#underWay.size >= AT_ONCE) await [...this.#underWay.values()][0];
      this.#progress('running');
    }
    await Promise.all(this.#underWay.values());
    return this.#progress(this.#next === wish.end ? 'finished' : 'paused');
  }

  async #mayTake(): Promise<void> {
    while (!this.#throttle.allows(this.#nowMs, this.#underWay.size)) {
      await Promise.all(this.#underWay.values());
      await this.#check.sleep(REST_MS);
      if (this.#check.interruption.aborted) return;
    }
  }

  async #compare(region: RegionIndex): Promise<void> {
    const job = {
      legs: this.#check.spec.legs.map((_, leg) => legIndex(leg)),
      offset: this.#geometry.startOf(region),
      length: this.#geometry.lengthOf(region),
    };
    const outcome = await new Promise<CompareOutcome>((resolve) =>
      this.#pool.compare(job, resolve),
    );
    this.#underWay.delete(region);
    if (this.#underWay.size === 0) this.#throttle.drained(this.#nowMs);
    this.#judge(region, outcome);
  }

  #judge(region: RegionIndex, { unreadable, difference }: CompareOutcome): void {
    const readable = this.#check.spec.legs.length - unreadable.length;
    if (unreadable.length > 0) this.#count('unreadable');
    this.#count(readable < 2 ? 'skipped' : 'compared');
    if (difference !== null) {
      this.#count('different');
      this.#differing[region] = 1;
      this.#keeper.found({ region, repaired: false, ...difference });
    } else if (unreadable.length === 0) {
      this.#differing[region] = 0;
    }
  }

  #count(what: keyof CheckTally): void {
    this.#tally = { ...this.#tally, [what]: this.#tally[what] + 1 };
  }

  #progress(state: CheckReport['state']): CheckReport {
    const next = Math.min(this.#next, ...this.#underWay.keys());
    this.#keeper.moved({ state, next, tally: this.#tally });
    if (state !== 'running' || this.#nowMs - this.#keptAtMs >= KEEP_EVERY_MS) this.#keep();
    const report = this.#keeper.report as CheckReport;
    this.#check.moved(report);
    return report;
  }

  #keep(): void {
    this.#keptAtMs = this.#nowMs;
    const { report } = this.#keeper;
    if (report !== null) writeCheck(this.#check.places, this.#check.spec.name, report);
  }

  get #nowMs(): number {
    return this.#check.now().getTime();
  }
}
