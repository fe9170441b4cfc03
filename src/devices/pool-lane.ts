/**
 * One device's share of libuv's thread pool.
 *
 *   pool of 4      leg 0   leg 1   log
 *                  ■       ■       ■      □ everyone else
 *
 * The pool is the process's, and a request to a device that hangs keeps its thread for as long as it
 * hangs. So each device may occupy only its share; what is over waits in its own line, and the other
 * devices go on. The line is as long as the requests that the engine has in flight, no longer.
 */
import { invariant } from '../errors/invariant.ts';

export class PoolLane {
  readonly #threadsMax: number;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(threadsMax: number) {
    invariant(threadsMax > 0, 'a lane without a thread never moves');
    this.#threadsMax = threadsMax;
  }

  /** Runs `start` once there is a thread for it; whatever it starts must end by calling `leave`. */
  enter(start: () => void): void {
    if (this.#busy === this.#threadsMax) {
      this.#waiting.push(start);
      return;
    }
    this.#busy += 1;
    start();
  }

  leave(): void {
    invariant(this.#busy > 0, 'left more often than entered');
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next();
  }
}

const POOL_THREADS_DEFAULT = 4; // libuv's, when UV_THREADPOOL_SIZE is not set

/** What each of `deviceCount` devices may occupy, one thread being left to everyone else. */
export function threadsPerDevice(deviceCount: number): number {
  const { UV_THREADPOOL_SIZE } = process.env;
  const asked = Number(UV_THREADPOOL_SIZE);
  const threads = asked >= 1 ? Math.floor(asked) : POOL_THREADS_DEFAULT;
  return Math.max(1, Math.floor((threads - 1) / deviceCount));
}
