/**
 * The clients of a simulated mirror: what they asked for, what they were told, and whether that can
 * be true. The oracle judges what was read; here is judged whether an answer was due, given once, and
 * no worse than what happened to the devices.
 */
import type { Effect } from '../engine/effect.ts';
import type { Input } from '../engine/input.ts';
import { byteCount, byteOffset } from '../geometry/units.ts';
import { contradict } from './contradiction.ts';
import type { Oracle } from './oracle.ts';
import type { SimulationEvent, WriteEvent } from './simulation-event.ts';

type RequestEvent = Extract<SimulationEvent, { readonly request: number }>;
type Reply = Extract<Effect, { kind: 'reply' }>;

interface ClientRequest {
  readonly event: RequestEvent;
  /** The oracle's moment. */
  readonly begin: number;
  readonly values: number[];
  /** Some I/O of it failed, or could not be tried, so that it may fail. */
  ioFailed: boolean;
}

export class Clients {
  readonly oracle: Oracle;
  readonly #sectorBytes: number;
  readonly #requests = new Map<number, ClientRequest>();

  constructor(oracle: Oracle, sectorBytes: number) {
    this.oracle = oracle;
    this.#sectorBytes = sectorBytes;
  }

  get waiting(): number {
    return this.#requests.size;
  }

  /** Writes that were not answered yet. */
  *writes(): Generator<WriteEvent> {
    for (const { event } of this.#requests.values()) {
      if (event.kind !== 'read' && event.kind !== 'flush') yield event;
    }
  }

  begin(event: RequestEvent): Input {
    const { request, kind } = event;
    const begin = this.#beginAt(event);
    this.#requests.set(request, { event, begin, values: [], ioFailed: false });
    if (kind === 'flush') return { kind, request };
    const offset = byteOffset(event.sector * this.#sectorBytes);
    const length = byteCount(event.count * this.#sectorBytes);
    if (kind === 'read') return { kind, request, offset, length };
    return { kind, request, offset, length, fua: event.fua, mayPunch: false };
  }

  bufferOf(request: number): number[] {
    return this.#of(request).values;
  }

  eventOf(request: number): RequestEvent {
    return this.#of(request).event;
  }

  ioFailed(request: number): void {
    this.#of(request).ioFailed = true;
  }

  /** The one leg that surely has everything is out of service: whoever waits now may hear of it. */
  losePrimary(): void {
    for (const request of this.#requests.values()) request.ioFailed = true;
  }

  /** `mayFail`: something happened to this mirror that may fail a request none of whose I/O failed. */
  reply({ request, outcome }: Reply, mayFail: boolean): void {
    const { event, begin, values, ioFailed } = this.#of(request);
    this.#requests.delete(request);
    const isOk = outcome === 'ok';
    if (!isOk && !ioFailed && (event.kind === 'read' || !mayFail)) {
      contradict(`request ${request} failed, and nothing had failed it`);
    }
    if (event.kind === 'read') {
      this.oracle.endRead(begin, event.sector, isOk ? values : null);
    } else if (event.kind === 'flush') {
      this.oracle.endFlush(begin, isOk);
    } else {
      const told = event.fua ? 'fua' : 'ok';
      this.oracle.endWrite(request, event.sector, event.count, isOk ? told : 'failed');
    }
  }

  #beginAt(event: RequestEvent): number {
    if (event.kind === 'read') return this.oracle.beginRead();
    if (event.kind === 'flush') return this.oracle.beginFlush();
    return this.oracle.beginWrite(event.request, event.sector, event.count);
  }

  #of(request: number): ClientRequest {
    const found = this.#requests.get(request);
    if (found === undefined) contradict(`request ${request} is answered twice, or never began`);
    return found;
  }
}
