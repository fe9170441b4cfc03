/**
 * How much memory all connections of a mirror may hold together, and who has to wait.
 *
 *   held    requests in flight with their payloads, replies not sent yet, bytes not understood yet
 *   admit   a connection may take one more request, or it waits, and its client with it
 *   adjust  when memory comes free, the first that waits may try again
 *   sweep   while somebody waits, a connection whose client does not take part is dropped
 *
 * Invariants: who waits longest is served first, whatever it needs, so small requests do not starve
 * large ones. No client keeps others waiting for good: it must turn over what it holds (send that
 * many bytes, or read them) within `STALL_MS_MAX` plus the time this takes at
 * `TURNOVER_BYTES_PER_MS_MIN`; else it is dropped when others need the memory, the largest first.
 * Waiting for the mirror is never held against a client.
 *
 * No clock in here: `sweep` is told the time.
 */
import { PAYLOAD_BYTES_MAX } from '../nbd-protocol/numbers.ts';

export interface MemoryLimits {
  /** What each has sent and we have not looked at, up to 128 KiB, is counted but not refused. */
  readonly connectionsMax: number;
  /** Held by one connection; at least twice the longest payload. */
  readonly connectionBytesMax: number;
  readonly requestsInFlightMax: number;
  /** Replies waiting for a client that does not read; it is not heard until it has read some. */
  readonly unsentBytesMax: number;
  /** Held by all connections. */
  readonly totalBytesMax: number;
}

export const MEMORY_LIMITS: MemoryLimits = {
  connectionsMax: 4096,
  connectionBytesMax: 2 * PAYLOAD_BYTES_MAX,
  requestsInFlightMax: 1024,
  unsentBytesMax: 1024 * 1024,
  totalBytesMax: 16 * PAYLOAD_BYTES_MAX,
};

const STALL_MS_MAX = 5_000;
const TURNOVER_BYTES_PER_MS_MIN = 8 * 1024;

/** A connection, as far as memory goes. */
export interface MemoryHolder {
  readonly heldBytes: number;
  /** Bytes received and sent so far. */
  readonly movedBytes: number;
  /** Memory is held because the client has yet to send or to read something. */
  readonly waitsForClient: boolean;
  /** Counts again what is held: replies leave without a word. */
  recount(): void;
  /** There may be room now. */
  retry(): void;
  drop(): void;
}

/** Since when, and from how many bytes moved, a client has been watched. */
interface Watch {
  sinceMs: number;
  fromBytes: number;
}

export class MemoryBudget {
  readonly limits: MemoryLimits;
  #heldBytes = 0;
  readonly #watches = new Map<MemoryHolder, Watch>();
  /** In the order in which they came to wait. */
  readonly #waiting = new Set<MemoryHolder>();

  constructor(limits: MemoryLimits = MEMORY_LIMITS) {
    this.limits = limits;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  enter(holder: MemoryHolder): void {
    // Moved ever so much, so that the first look at it begins the watch.
    this.#watches.set(holder, { sinceMs: 0, fromBytes: Number.NEGATIVE_INFINITY });
  }

  /** A connection is gone; what it still holds comes free when its requests have ended. */
  leave(holder: MemoryHolder): void {
    this.#watches.delete(holder);
    this.withdraw(holder);
  }

  /** True: `bytes` more are held from now on. False: `holder` is told when to try again. */
  admit(holder: MemoryHolder, bytes: number): boolean {
    const itsTurn = this.#waiting.size === 0 || this.#isFirst(holder);
    if (!itsTurn || this.#heldBytes + bytes > this.limits.totalBytesMax) {
      this.#waiting.add(holder);
      return false;
    }
    this.#heldBytes += bytes;
    this.withdraw(holder);
    return true;
  }

  /** `holder` cannot go on for reasons of its own, so it must not keep others waiting behind it. */
  withdraw(holder: MemoryHolder): void {
    if (this.#waiting.delete(holder)) this.#retryFirst();
  }

  /** So many bytes more, or fewer, are held. */
  adjust(bytes: number): void {
    this.#heldBytes += bytes;
    if (bytes < 0) this.#retryFirst();
  }

  /** To be called about once a second, with a clock that never goes back. */
  sweep(nowMs: number): void {
    for (const holder of this.#watches.keys()) holder.recount();
    const stalled = [...this.#watches]
      .filter(([holder, watch]) => isStalled(holder, watch, nowMs))
      .map(([holder]) => holder)
      .sort((a, b) => b.heldBytes - a.heldBytes);
    if (this.#waiting.size > 0) stalled[0]?.drop();
  }

  #isFirst(holder: MemoryHolder): boolean {
    const [first] = this.#waiting;
    return first === holder;
  }

  #retryFirst(): void {
    if (this.#waiting.size === 0) return;
    const [first] = this.#waiting;
    first?.retry();
  }
}

function isStalled(holder: MemoryHolder, watch: Watch, nowMs: number): boolean {
  const turnedOver = holder.movedBytes - watch.fromBytes >= holder.heldBytes;
  if (turnedOver || !holder.waitsForClient) {
    watch.sinceMs = nowMs;
    watch.fromBytes = holder.movedBytes;
  }
  const patienceMs = STALL_MS_MAX + holder.heldBytes / TURNOVER_BYTES_PER_MS_MIN;
  return nowMs - watch.sinceMs > patienceMs;
}
