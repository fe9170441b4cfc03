/**
 * Writes the history of the mirror's log (registry/history-file.ts) while it runs: at its turns, and
 * every few minutes if bits have changed.
 *
 *   found ─▶ resumed ─▶ running* · in-sync · leg-failed · … ─▶ stopped
 *
 * Runs in the main thread and reads the engine's shared states, which say what the log says, so no
 * client waits for it. What cannot be written is told once, and nobody depends on it.
 */
import { RegionBitset } from '../dirty-log/region-bitset.ts';
import type { MirrorEvent } from '../engine/effect.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { examine, NO_FACTS } from '../forensics/log-excerpt.ts';
import type { HistoryMoment } from '../forensics/log-history.ts';
import type { RegionIndex } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';
import { REGION_STATES } from '../region/region-state.ts';
import { encodeBits, HistoryFile } from '../registry/history-file.ts';
import type { ActivationPlan } from './activation-plan.ts';
import type { PreparedMirror } from './prepared-mirror.ts';

const RUNNING_EVERY_MS = 5 * 60_000;
/** A leg that fails often does so at every write: the same turn again so soon tells nothing new. */
const SAME_TURN_MS = 10_000;

const MOMENTS: Partial<Record<MirrorEvent['event'], HistoryMoment>> = {
  inSync: 'in-sync',
  legFailed: 'leg-failed',
  legOut: 'leg-out',
  legIn: 'leg-in',
  primaryMoved: 'primary-moved',
  logFailed: 'log-failed',
};

interface Noted {
  readonly moment: HistoryMoment;
  readonly atMs: number;
  readonly bits: string | null;
}

export class HistoryKeeper {
  readonly #prepared: Pick<PreparedMirror, 'request' | 'spec' | 'plan'>;
  /** Of the engine's view: a number of `REGION_STATES` for each region. */
  #states: Uint8Array;
  readonly #warn: (words: string) => void;
  #file: HistoryFile | null = null;
  #last: Noted | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    prepared: Pick<PreparedMirror, 'request' | 'spec' | 'plan'>,
    states: Uint8Array,
    warn: (words: string) => void,
  ) {
    this.#prepared = prepared;
    this.#states = states;
    this.#warn = warn;
  }

  /** The log is resumed. */
  begin(): void {
    const { request, spec, plan } = this.#prepared;
    this.#attempt(() => {
      this.#file = new HistoryFile(request.places, spec);
    });
    const found = bitsFound(plan.area);
    if (found !== null) this.#note('found', found);
    this.#note('resumed', this.#bitsNow());
    this.#timer = setInterval(() => this.#tick(), RUNNING_EVERY_MS).unref();
  }

  /** The mirror was changed, and its whole log written anew. */
  goOver(states: Uint8Array): void {
    this.#states = states;
    if (this.#last !== null) this.#note('resumed', this.#bitsNow());
  }

  heard({ event }: MirrorEvent): void {
    const moment = MOMENTS[event];
    const last = this.#last;
    if (moment === undefined || last === null) return;
    if (moment === last.moment && Date.now() - last.atMs < SAME_TURN_MS) return;
    this.#note(moment, this.#bitsNow());
  }

  /** The engine has ended; nothing is written any more. */
  end(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#note('stopped', this.#bitsNow());
    this.#file = null;
  }

  #tick(): void {
    const bits = this.#bitsNow();
    if (encodeBits(bits) !== this.#last?.bits) this.#note('running', bits);
  }

  #note(moment: HistoryMoment, cleanBits: RegionBitset): void {
    const { spec, plan } = this.#prepared;
    const now = new Date();
    const bits = encodeBits(cleanBits);
    this.#last = { moment, atMs: now.getTime(), bits };
    this.#attempt(() =>
      this.#file?.append({
        ...{ at: now.toISOString(), moment, mirror: spec.uuid, session: plan.session },
        regionCount: cleanBits.regionCount,
        regionSizeBytes: spec.regionSizeBytes,
        cleanRegions: cleanBits.count(),
        bits,
      }),
    );
  }

  #bitsNow(): RegionBitset {
    const bits = new RegionBitset(regionCount(this.#states.length));
    for (let region = 0; region < this.#states.length; region += 1) {
      if (this.#states[region] === CLEAN) bits.set(region as RegionIndex);
    }
    return bits;
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!(error instanceof MirrorError) && code === undefined) throw error;
      this.#file = null;
      this.#warn(`the history of its log is no longer kept: ${(error as Error).message}`);
    }
  }
}

const CLEAN = REGION_STATES.indexOf('clean');

/** What the log said before the activation; null where it was none, or is kept in memory. */
function bitsFound(area: ActivationPlan['area']): RegionBitset | null {
  if (area === null) return null;
  const log = examine({ ...area, roomBytes: null }, NO_FACTS);
  const isWhole = log.state === 'normal' && log.cleanBits?.regionCount === log.ownRegionCount;
  return isWhole ? log.cleanBits : null;
}
