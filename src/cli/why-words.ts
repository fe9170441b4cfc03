/**
 * Why a region is as it is, and what happens to it next, as sentences: one function that says it for a
 * mirror that is served, and one for its files. Pure.
 */
import type { CheckReport } from '../control-protocol/check-report.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { RegionFacts } from '../control-protocol/region-facts.ts';
import { formatDuration } from '../geometry/size-words.ts';
import type { RegionState } from '../region/region-state.ts';

/** What is said of a region in either case. */
export interface Explanation {
  readonly state: RegionState;
  /** What that means for its data. */
  readonly because: readonly string[];
  /** Since when, and by which write or error; null: nobody knows. */
  readonly since: string | null;
  /** Indices; null: nobody knows. */
  readonly holders: readonly number[] | null;
  readonly missing: readonly number[] | null;
  readonly writes: { readonly inFlight: number; readonly delayed: number } | null;
  readonly next: string;
}

const MEANINGS: Readonly<Record<RegionState, readonly string[]>> = {
  clean: [
    'all legs hold the same data here, and no write is under way',
    'the log says so durably: after a crash it is not copied',
  ],
  dirty: [
    'all legs hold the same data here, but a write or a copy is under way or has been lately',
    'the log marks it: after a crash it is copied, because a write may have reached one leg only',
  ],
  nosync: [
    'not every leg has the data that was written here',
    'reads come from a leg that has it; writes go to all legs that can take them',
    'the log marks it and will not forget it before it is copied',
  ],
  quiescing: ['recovery has taken it, and waits for the writes under way to end'],
  recovering: ['it is being copied; writes to it wait until that is done'],
};

const pathOf = (status: MirrorStatus, leg: number) => status.legs[leg]?.path ?? `leg ${leg}`;
const pathsOf = (status: MirrorStatus, legs: readonly number[]) =>
  legs.map((leg) => pathOf(status, leg)).join(', ');

export function explainServed(facts: RegionFacts, status: MirrorStatus): Explanation {
  const { state, holders, missing, writesInFlight, delayedWrites } = facts;
  const primary = status.legs.find((leg) => leg.primary)?.path ?? '';
  return {
    state,
    because: [
      ...MEANINGS[state],
      ...(missing.length > 0
        ? [
            `the right data is on ${pathsOf(status, holders)}; ${pathsOf(status, missing)} missed it`,
          ]
        : []),
      ...(facts.differs
        ? [`a check found that the legs differ here all the same; it is read from ${primary} alone`]
        : []),
      ...(facts.markDurable ? [] : ['its mark in the log is not on disk yet: writes wait for it']),
    ],
    since: sinceServed(facts, status),
    holders,
    missing,
    writes: { inFlight: writesInFlight, delayed: delayedWrites },
    next: nextServed(facts, status),
  };
}

function sinceServed(facts: RegionFacts, status: MirrorStatus): string | null {
  const { lost, missing, writesInFlight, writtenAt, activatedAt, state } = facts;
  if (missing.length > 0 && lost !== null) {
    const who = pathsOf(status, lost.legs);
    return `${lost.at}, when ${who} lost it${lost.because === null ? '' : `: ${lost.because}`}`;
  }
  if (missing.length > 0) return `the activation, ${activatedAt}: ${facts.activationReason}`;
  if (state !== 'dirty') return null;
  if (writesInFlight > 0) return 'now: it is being written';
  return writtenAt === null ? 'the end of its copy' : `${writtenAt}, when its last write ended`;
}

function nextServed(facts: RegionFacts, status: MirrorStatus): string {
  const { state, missing, holders, outOfService, isWork, writesInFlight } = facts;
  if (facts.beingCompared) return 'a check compares its legs; writes to it wait until that is done';
  if (state === 'recovering')
    return 'when the copy ends it is in sync, and the delayed writes go on';
  if (state === 'quiescing')
    return `the copy begins when ${countOf(writesInFlight, 'write')} ended`;
  if (missing.length === 0) return nextInSync(facts);
  const outHolders = holders.filter((leg) => outOfService.includes(leg));
  if (!isWork && outHolders.length === holders.length) {
    return `cannot be recovered until ${pathsOf(status, holders)} is let in: nobody else has it`;
  }
  const outTargets = missing.filter((leg) => outOfService.includes(leg));
  if (!isWork) return `cannot be recovered until ${pathsOf(status, outTargets)} is let in`;
  if (status.recovery.paused) {
    return `nothing: recovery is paused (mirrorctl recovery resume ${status.name})`;
  }
  return nextWork(facts);
}

function nextInSync({ state, differs, writesInFlight }: RegionFacts): string {
  if (differs) return 'nothing, until you say which leg is right: check --repair --from LEG';
  if (state === 'clean') return 'nothing; a write marks it first';
  if (writesInFlight > 0) return 'when its writes have ended and it has rested, it becomes clean';
  return 'when it has rested for some seconds the legs are flushed, and it becomes clean';
}

function nextWork({ workBefore, secondsBefore, retryInSeconds }: RegionFacts): string {
  if (retryInSeconds !== null && retryInSeconds > 0) {
    return `its copy failed; tried again in ${formatDuration(retryInSeconds)}`;
  }
  if (workBefore === null || workBefore === 0) return 'recovery copies it next';
  const regions = workBefore === 1 ? '1 region' : `${workBefore.toLocaleString('en')} regions`;
  const time = secondsBefore === null ? '' : `, about ${formatDuration(secondsBefore)}`;
  return `waits for recovery: ${regions} before it${time}`;
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what} has` : `${count} ${what}s have`;
}

/** What the files of a mirror tell that is not served. */
export interface FileFacts {
  readonly state: 'clean' | 'nosync';
  /** Sessions since which legs miss something; null: they miss nothing. Empty: no sidecar. */
  readonly missesSince: readonly (number | null)[];
  readonly primary: number;
  /** Why the next activation copies what it will copy. */
  readonly reason: string;
  readonly differs: boolean;
  /** The last thing that was noted about the mirror. */
  readonly lastEvent: { readonly at: string; readonly text: string } | null;
}

export function explainFiles(facts: FileFacts, status: MirrorStatus): Explanation {
  const { state, missesSince, primary, reason, differs, lastEvent } = facts;
  const source = pathOf(status, primary);
  const behind = missesSince.flatMap((since, leg) => (since === null ? [] : [{ leg, since }]));
  const since =
    lastEvent === null ? null : `not known; last noted: ${lastEvent.at}, ${lastEvent.text}`;
  if (state === 'clean') {
    const differ = 'a check found that the legs differ here all the same; it will not be copied';
    return {
      ...{ state, since, holders: null, missing: null, writes: null },
      because: differs
        ? [differ]
        : ['the log says that all legs hold the same data here; it will not be copied'],
      next: 'nothing at the next activation',
    };
  }
  return {
    ...{ state, since, holders: null, missing: null, writes: null },
    because: [
      'the log does not vouch for it: the next activation copies it',
      `the right data is on ${source}`,
      ...behind.map(({ leg, since: session }) => {
        return `${pathOf(status, leg)} has missed writes since session ${session}, here or elsewhere`;
      }),
    ],
    next: nextOffline(status, primary, reason),
  };
}

function nextOffline(status: MirrorStatus, primary: number, reason: string): string {
  const gone = status.legs.filter(({ letter }) => letter === 'U');
  if (gone.some(({ index }) => index === primary)) {
    return `cannot be recovered until ${pathOf(status, primary)} is back: nobody else is sure to have it`;
  }
  const others = status.legs.filter(({ index }) => index !== primary);
  if (gone.length > 0 && gone.length === others.length) {
    return `cannot be recovered until ${gone.map(({ path }) => path).join(', ')} is back`;
  }
  return `the next activation copies it from ${pathOf(status, primary)}: ${reason}`;
}

/** What the last check of the legs says about `region`. */
export function checkWords(report: CheckReport | null, region: number): string {
  if (report === null) return 'its legs were never compared';
  const finding = report.findings.find((one) => one.region === region);
  const when = report.updatedAt.replace(/\.\d+Z$/, 'Z');
  if (finding !== undefined) {
    const { offset, length, repaired } = finding;
    const where = `${length} bytes differed from byte ${offset} on`;
    return repaired ? `${when}: ${where}, and were handed to recovery` : `${when}: ${where}`;
  }
  if (region < report.first || region >= report.end) return 'not part of the last check';
  return region < report.next
    ? `${when}: no difference found`
    : 'the last check has not come so far';
}
