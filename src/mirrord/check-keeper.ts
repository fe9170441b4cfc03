/**
 * The report of a check, as it grows: what was ordered, how far it is, what it found. The engine says
 * what happens, this keeps it, and whoever holds the mirror's lock writes it down.
 *
 * `differing`: one byte a region, 1 where the legs are known to differ. It belongs to whoever compares
 * the legs; here it is only read, except that a new keeper fills in what was known before.
 */
import type { CheckFinding, CheckReport } from '../control-protocol/check-report.ts';
import { CHECK_SCHEMA, FINDINGS_MAX, NOTHING_CHECKED } from '../control-protocol/check-report.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Throttle } from '../recovery/throttle.ts';

/** The report is written so often: what a crash makes it forget is compared once more. */
export const KEEP_EVERY_MS = 5_000;

export interface CheckWish {
  readonly first: number;
  readonly end: number;
  readonly repairFrom: number | null;
  readonly throttle: Throttle;
  readonly anew: boolean;
}

type Course = Pick<CheckReport, 'state' | 'next' | 'tally' | 'throttle'>;

export class CheckKeeper {
  readonly #spec: MirrorSpec;
  readonly #differing: Uint8Array;
  readonly #now: () => Date;
  readonly #findings = new Map<number, CheckFinding>();
  #report: CheckReport | null;

  constructor(spec: MirrorSpec, known: CheckReport | null, differing: Uint8Array, now: () => Date) {
    this.#spec = spec;
    this.#differing = differing;
    this.#now = now;
    this.#report = known;
    for (const finding of known?.findings ?? []) this.#findings.set(finding.region, finding);
    const runs = known?.differing ?? [];
    for (let place = 0; place < runs.length; place += 2) {
      const first = runs[place] ?? 0;
      differing.fill(1, first, first + (runs[place + 1] ?? 0));
    }
  }

  /** Null: nobody has ever looked. */
  get report(): CheckReport | null {
    if (this.#report === null) return null;
    const findings = [...this.#findings.values()]
      .filter(({ region, repaired }) => repaired || this.#differing[region] === 1)
      .sort((one, other) => one.region - other.region);
    return { ...this.#report, findings, differing: runsOf(this.#differing) };
  }

  /** Goes on with an unfinished check of the same kind, or begins anew. */
  begin(wish: CheckWish): CheckReport {
    const { first, end, repairFrom, throttle } = wish;
    const before = this.#report;
    const isSame =
      before?.first === first && before.end === end && before.repairFrom === repairFrom;
    if (before !== null && isSame && isUnfinished(before) && !wish.anew) {
      return this.#set({ ...before, state: 'running', throttle: throttle ?? before.throttle });
    }
    for (const [region, { repaired }] of this.#findings) {
      if (repaired) this.#findings.delete(region);
    }
    const { uuid, legs, sizeBytes, regionSizeBytes } = this.#spec;
    const startedAt = this.#now().toISOString();
    return this.#set({
      schema: CHECK_SCHEMA,
      uuid,
      legs: legs.map(({ path }) => path),
      regionSizeBytes,
      regionCount: RegionGeometry.of(sizeBytes, regionSizeBytes).regionCount,
      state: 'running',
      startedAt,
      updatedAt: startedAt,
      ...{ first, next: first, end, repairFrom, throttle, tally: NOTHING_CHECKED },
      ...{ findings: [], differing: [] },
    });
  }

  found(finding: CheckFinding): void {
    const { region } = finding;
    if (this.#findings.size < FINDINGS_MAX || this.#findings.has(region)) {
      this.#findings.set(region, finding);
    }
  }

  /** How far it is now. */
  moved(course: Partial<Course>): void {
    if (this.#report !== null) this.#set({ ...this.#report, ...course });
  }

  #set(report: CheckReport): CheckReport {
    this.#report = { ...report, updatedAt: this.#now().toISOString() };
    return this.#report;
  }
}

/** Paused, or interrupted by a stop or a crash. */
export function isUnfinished({ state, next, end }: CheckReport): boolean {
  return (state === 'paused' || state === 'running') && next < end;
}

function runsOf(flags: Uint8Array): number[] {
  const runs: number[] = [];
  for (let first = flags.indexOf(1); first >= 0; ) {
    const end = flags.indexOf(0, first);
    runs.push(first, (end < 0 ? flags.length : end) - first);
    first = end < 0 ? -1 : flags.indexOf(1, end);
  }
  return runs;
}
