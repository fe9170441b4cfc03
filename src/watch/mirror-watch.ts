/**
 * Follows one mirror: asks its engine again and again, keeps what it said, and says when there is
 * something new. Screens read from here and ask nothing themselves.
 *
 *   source ─open─▶ ask: map        10 times a second ─▶ picture ─▶ onMap
 *                  ask: status     every second    ┐
 *                  ask: counters                   ├▶ snapshot ─▶ onChange
 *                  ask: events                     ┘
 *   broken ─▶ link 'lost', what was known stays ─▶ open again, once a second
 *
 * The source is a running engine, a recording or a log on disk: they answer the same questions, so the
 * screens cannot tell them apart and need not.
 */
import type {
  ControlAnswer,
  ControlRequest,
  CounterReading,
  EngineEvent,
} from '../control-protocol/control-request.ts';
import type { LegStatus, MirrorStatus } from '../control-protocol/mirror-status.ts';
import { OUT_OF_SERVICE } from '../control-protocol/mirror-status.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { PictureWatcher } from './region-picture.ts';
import { RegionPicture } from './region-picture.ts';
import type { Sample } from './sample.ts';
import { sampleBetween } from './sample.ts';

export interface Engine {
  ask(request: ControlRequest): Promise<ControlAnswer>;
  close(): void;
}

export interface Source {
  /** Whose mirror it is, for titles. */
  readonly name: string;
  /** `live` can be commanded, the others can only be looked at. */
  readonly kind: 'live' | 'replay' | 'log';
  /** How long a recording is. */
  readonly seconds?: number;
  open(): Engine;
}

export interface Snapshot {
  readonly link: 'connecting' | 'live' | 'lost';
  /** Why the link is lost, and what to do. */
  readonly problem: { readonly message: string; readonly hint: string } | null;
  readonly status: MirrorStatus | null;
  readonly events: readonly EngineEvent[];
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** On the watcher's clock, in seconds: since when the health is not `ok`; null: it is. */
  readonly troubledSince: number | null;
}

const MAP_MS = 100;
const STATUS_MS = 1000;
const RETRY_MS = 1000;
const SAMPLES_MAX = 720;
const EVENTS_MAX = 500;

/** Calls `act` after so many milliseconds; returns what takes that back. */
export type Later = (milliseconds: number, act: () => void) => () => void;

const later: Later = (milliseconds, act) => {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
};

const NOBODY = { changed: () => {}, painted: () => {}, replaced: () => {} };

export class MirrorWatch {
  readonly source: Source;
  onChange: () => void = () => {};
  onMap: PictureWatcher & { painted(): void; replaced(): void } = NOBODY;
  snapshot: Snapshot = {
    link: 'connecting',
    problem: null,
    status: null,
    events: [],
    samples: [],
    troubledSince: null,
  };
  picture: RegionPicture | null = null;
  /** Milliseconds between two looks at the map; more over a slow line. */
  mapMs = MAP_MS;
  /** In seconds, above 0. */
  readonly clock: () => number;
  #engine: Engine | null = null;
  #reading: CounterReading | null = null;
  #mapVersion = 0;
  /** Of the picture's marks, those that are in a sample. */
  #marksCounted = 0;
  readonly #wait: Later;
  /** Each takes back a call that is still to come. */
  readonly #revocations = new Set<() => void>();
  #isClosed = false;

  /** `now`: the watcher's clock, in seconds, above 0; `wait`: its timer. */
  constructor(source: Source, now: () => number, wait = later) {
    this.source = source;
    this.clock = now;
    this.#wait = wait;
  }

  get now(): number {
    return this.clock();
  }

  start(): void {
    const engine = this.source.open();
    this.#engine = engine;
    this.#mapVersion = 0;
    this.#reading = null;
    void this.#followMap(engine);
    void this.#followStatus(engine);
  }

  close(): void {
    this.#isClosed = true;
    for (const revoke of this.#revocations) revoke();
    this.#engine?.close();
  }

  /** Throws what the engine throws. */
  async command(request: ControlRequest): Promise<ControlAnswer> {
    if (this.#engine === null) throw new MirrorError('ENGINE_UNREACHABLE', 'not connected');
    return await this.#engine.ask(request);
  }

  async #followMap(engine: Engine): Promise<void> {
    try {
      const answer = await engine.ask({ ask: 'map', since: this.#mapVersion });
      if (engine !== this.#engine || this.#isClosed) return;
      if ('map' in answer) this.#takeMap(answer.map);
      this.#later(this.mapMs, () => void this.#followMap(engine));
    } catch (error) {
      this.#lost(engine, error);
    }
  }

  #takeMap(map: Extract<ControlAnswer, { map: unknown }>['map']): void {
    // A new connection may be to another engine, whose counts of writes have nothing to do with ours,
    // and a mirror may have grown.
    const isKnown = this.picture?.regionCount === map.regionCount && this.#mapVersion > 0;
    if (this.picture === null || !isKnown) {
      this.picture = new RegionPicture(map.regionCount);
      this.#marksCounted = 0;
      this.onMap.replaced();
    }
    this.#mapVersion = map.version;
    this.picture.setLegsOut(legsOut(this.snapshot.status), this.onMap);
    this.picture.apply(map, this.now, this.onMap);
    this.onMap.painted();
  }

  async #followStatus(engine: Engine): Promise<void> {
    try {
      const heard = this.#reading === null ? [] : this.snapshot.events;
      const since = heard.at(-1)?.number ?? 0;
      const [status, counters, events] = await Promise.all([
        engine.ask({ ask: 'status' }),
        engine.ask({ ask: 'counters' }),
        engine.ask({ ask: 'events', since }),
      ]);
      if (engine !== this.#engine || this.#isClosed) return;
      this.#take(status, counters, events, heard);
      this.#later(STATUS_MS, () => void this.#followStatus(engine));
    } catch (error) {
      this.#lost(engine, error);
    }
  }

  #take(
    status: ControlAnswer,
    counters: ControlAnswer,
    events: ControlAnswer,
    heard: readonly EngineEvent[],
  ): void {
    if (!('status' in status && 'counters' in counters && 'events' in events)) return;
    const mirror = status.status;
    const { samples, troubledSince } = this.snapshot;
    const before = this.#reading;
    this.#reading = counters.counters;
    const sample = before === null ? [] : [this.#sample(before, counters.counters, mirror)];
    this.snapshot = {
      link: 'live',
      problem: null,
      status: mirror,
      events: [...heard, ...events.events].slice(-EVENTS_MAX),
      samples: [...samples, ...sample].slice(-SAMPLES_MAX),
      troubledSince: mirror.health === 'ok' ? null : (troubledSince ?? this.now),
    };
    this.onChange();
  }

  #sample(before: CounterReading, after: CounterReading, mirror: MirrorStatus): Sample {
    const marks = this.picture?.marks ?? 0;
    const marked = marks - this.#marksCounted;
    this.#marksCounted = marks;
    return sampleBetween(before, after, mirror, this.now, marked);
  }

  #lost(engine: Engine, error: unknown): void {
    if (engine !== this.#engine || this.#isClosed) return;
    if (!(error instanceof MirrorError)) throw error;
    const { message, hint } = error;
    engine.close();
    this.#engine = null;
    this.snapshot = { ...this.snapshot, link: 'lost', problem: { message, hint } };
    this.onChange();
    this.#later(RETRY_MS, () => this.start());
  }

  #later(milliseconds: number, act: () => void): void {
    const revoke = this.#wait(milliseconds, () => {
      this.#revocations.delete(revoke);
      act();
    });
    this.#revocations.add(revoke);
  }
}

/** Bit i for leg i, of those that nothing is asked of. */
function legsOut(status: MirrorStatus | null): number {
  return (status?.legs ?? []).reduce(
    (legs, { state, index }) => (isOutOfService(state) ? legs | (1 << index) : legs),
    0,
  );
}

function isOutOfService(state: LegStatus['state']): boolean {
  return OUT_OF_SERVICE.some((word) => word === state);
}
