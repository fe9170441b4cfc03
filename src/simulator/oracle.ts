/**
 * What a reader may see. Knows nothing of legs, regions or logs: only what the client asked for, what
 * it was told, and when.
 *
 * Every write has a value of its own, so a sector's content names the write it came from. Per sector
 * the oracle keeps the candidates, the writes whose value it may hold:
 *
 *   begins        acknowledged            a later write is acknowledged      a flush is acknowledged
 *   ├── visible ──┼── visible ────────────┼── hidden: reads must not see it ─┼── gone: not even a
 *   (in flight)                             but a power cut may bring it back     power cut may
 *
 * - An acknowledged write hides every candidate that had ended before it began. One that failed or was
 *   interrupted hides nothing, and stays possible.
 * - What is read when nothing is in flight is the truth from then on: it hides the others. So a sector
 *   whose write failed may read as old or new, but not as one and later as the other.
 * - A flush makes gone what was hidden when it began; a FUA write what it hid, at once.
 * - A power cut shows the hidden again. The death of the process alone shows what a read had hidden.
 */
import { contradict } from './contradiction.ts';

const NEVER = Number.POSITIVE_INFINITY;

interface Candidate {
  readonly value: number;
  readonly begin: number;
  end: number;
  hiddenAt: number;
  gone: boolean;
  /** A failed flush may have lost it; whoever relies on it must hear of that. */
  lost: boolean;
  /** Hidden by what was read, not by what was written. */
  outread: boolean;
  doubtedAt: number;
  /** Written by nobody: it may be seen at any time, like a write that never ends. */
  readonly rotten: boolean;
}

export class Oracle {
  /** Counts what the client did and heard. */
  #clock = 0;
  readonly #sectors: Candidate[][];
  readonly #readsInFlight = new Set<number>();

  /** `values`: what each sector holds, durably. */
  constructor(values: readonly number[]) {
    this.#sectors = values.map((value) => [candidateFor(value, 0, 0)]);
  }

  /** Returns the moment, for `endWrite`. */
  beginWrite(value: number, first: number, count: number): number {
    const begin = this.#tick();
    for (const candidates of this.#sectors.slice(first, first + count)) {
      candidates.push(candidateFor(value, begin, NEVER));
    }
    return begin;
  }

  endWrite(value: number, first: number, count: number, told: 'ok' | 'fua' | 'failed'): void {
    const now = this.#tick();
    for (let sector = first; sector < first + count; sector += 1) {
      const candidates = this.#sectors[sector] ?? [];
      const written = candidates.find((candidate) => candidate.value === value);
      if (written === undefined) throw new TypeError(`write ${value} never began`);
      written.end = now;
      written.lost &&= told !== 'failed';
      if (told === 'failed') continue;
      for (const candidate of candidates) {
        if (candidate.end >= written.begin) continue;
        candidate.hiddenAt = Math.min(candidate.hiddenAt, now);
        candidate.outread = false;
        candidate.gone ||= told === 'fua';
      }
      this.#prune(sector);
    }
  }

  beginRead(): number {
    const begin = this.#tick();
    this.#readsInFlight.add(begin);
    return begin;
  }

  /** `values`: what was read, or null if the read failed. */
  endRead(begin: number, first: number, values: readonly number[] | null): void {
    const now = this.#tick();
    this.#readsInFlight.delete(begin);
    for (const [index, value] of (values ?? []).entries()) {
      this.#saw(first + index, value, begin, now);
    }
  }

  beginFlush(): number {
    return this.#tick();
  }

  /** The client is told that all is durable which had ended before `begin`, or that something is not. */
  endFlush(begin: number, isOk: boolean): void {
    for (let sector = 0; sector < this.#sectors.length; sector += 1) {
      const candidates = this.#sectors[sector] ?? [];
      for (const candidate of candidates) {
        const isCovered = candidate.end < begin && isVisible(candidate);
        if (isOk && isCovered && candidate.lost) {
          contradict(`a flush went well, and write ${candidate.value} may be lost`);
        }
        candidate.lost &&= isOk || candidate.end === NEVER;
        candidate.gone ||= isOk && candidate.hiddenAt < begin;
      }
      this.#prune(sector);
    }
  }

  crash(power: boolean): void {
    const now = this.#tick();
    this.#readsInFlight.clear();
    for (let sector = 0; sector < this.#sectors.length; sector += 1) {
      for (const candidate of this.#sectors[sector] ?? []) {
        if (!candidate.rotten) candidate.end = Math.min(candidate.end, now);
        candidate.lost = false;
        if ((power || candidate.outread) && !candidate.gone) candidate.hiddenAt = NEVER;
      }
      this.#prune(sector);
    }
  }

  /** Some leg reads `value` in `sector` from now on, which nobody wrote. */
  rot(sector: number, value: number): void {
    const candidates = this.#sectors[sector] ?? [];
    if (candidates.some((candidate) => candidate.value === value)) return;
    candidates.push({ ...candidateFor(value, this.#tick(), NEVER), rotten: true });
  }

  /** `value` in `sector` may be lost, if the client is told at its next flush. */
  excuse(sector: number, value: number): void {
    for (const candidate of this.#sectors[sector] ?? [])
      candidate.lost ||= candidate.value === value;
    this.doubt(sector);
  }

  /** What was written last to `sector` may be lost, and the client need not be told. */
  doubt(sector: number): void {
    const now = this.#tick();
    for (const candidate of this.#sectors[sector] ?? []) {
      candidate.doubtedAt = now;
      if (!candidate.gone) candidate.hiddenAt = NEVER;
    }
  }

  /** `value` is one that a read of `sector` could return now. */
  allows(sector: number, value: number): boolean {
    return (this.#sectors[sector] ?? []).some(
      (candidate) => candidate.value === value && isVisible(candidate),
    );
  }

  clone(): Oracle {
    const twin = new Oracle([]);
    twin.#clock = this.#clock;
    for (const candidates of this.#sectors) {
      twin.#sectors.push(candidates.map((candidate) => ({ ...candidate })));
    }
    for (const begin of this.#readsInFlight) twin.#readsInFlight.add(begin);
    return twin;
  }

  /** Same key, same expectations, as long as nothing is in flight. */
  get key(): string {
    return this.#sectors.map((candidates) => candidates.map(nameOf).join()).join(';');
  }

  #saw(sector: number, value: number, begin: number, now: number): void {
    const candidates = this.#sectors[sector] ?? [];
    const seen = candidates.find((candidate) => candidate.value === value);
    if (seen === undefined || seen.hiddenAt < begin) {
      const allowed = candidates.filter(({ hiddenAt }) => hiddenAt >= begin);
      const values = allowed.map((candidate) => candidate.value).join(', ');
      contradict(`sector ${sector} was read as ${value}, it may be ${values}`);
    }
    const isQuiet = candidates.every(({ end, doubtedAt }) => Math.max(end, doubtedAt) < begin);
    if (!isQuiet || seen.hiddenAt !== NEVER) return;
    for (const candidate of candidates) {
      if (candidate === seen || !isVisible(candidate)) continue;
      candidate.hiddenAt = now;
      candidate.outread = true;
    }
  }

  /** Forgets candidates that can never matter again. */
  #prune(sector: number): void {
    const candidates = this.#sectors[sector] ?? [];
    if (!candidates.some(({ gone }) => gone)) return;
    let oldestRead = NEVER;
    for (const begin of this.#readsInFlight) oldestRead = Math.min(oldestRead, begin);
    this.#sectors[sector] = candidates.filter(
      ({ gone, hiddenAt }) => !gone || hiddenAt > oldestRead,
    );
  }

  #tick(): number {
    this.#clock += 1;
    return this.#clock;
  }
}

function isVisible({ hiddenAt }: Candidate): boolean {
  return hiddenAt === NEVER;
}

function candidateFor(value: number, begin: number, end: number): Candidate {
  const fate = { gone: false, lost: false, outread: false, doubtedAt: 0, rotten: false };
  return { value, begin, end, hiddenAt: NEVER, ...fate };
}

/** Of a candidate while nothing is in flight: all of its fate that still matters. */
function nameOf(candidate: Candidate): string {
  const { value, gone, outread, lost } = candidate;
  const fate = isVisible(candidate) ? '' : gone ? '-' : outread ? '?' : '~';
  return `${fate}${value}${lost ? '!' : ''}`;
}
