/**
 * Where clients' requests come in, whatever engine is behind it at the moment.
 *
 *   sessions ─▶ door ─ open ─▶ the engine's runner
 *                └ held: requests wait here, and go in, in order, when there is a new engine
 *
 * Nobody is disconnected by that. How many can wait is bounded as it always is: a session has so many
 * requests in flight, and then is not heard any further.
 *
 * A session keeps to the size that it was told at its beginning. Should the mirror have become smaller
 * since, what lies behind its end is refused here.
 */
import type { BlockRequest, Extent, MirrorPort } from '../nbd-server/mirror-port.ts';

export class MirrorDoor implements MirrorPort {
  #behind: MirrorPort;
  #waiting: BlockRequest[] | null = null;

  constructor(behind: MirrorPort) {
    this.#behind = behind;
  }

  get exportName(): string {
    return this.#behind.exportName;
  }

  get sizeBytes(): number {
    return this.#behind.sizeBytes;
  }

  get readOnly(): boolean {
    return this.#behind.readOnly;
  }

  get isHeld(): boolean {
    return this.#waiting !== null;
  }

  hold(): void {
    this.#waiting ??= [];
  }

  /** Opens again, to `behind`; what has waited goes in first. */
  open(behind: MirrorPort): void {
    this.#behind = behind;
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const request of waiting) this.submit(request);
  }

  submit(request: BlockRequest): void {
    if (this.#waiting !== null) this.#waiting.push(request);
    else if (this.#covers(request)) this.#behind.submit(request);
    else request.done(request.verb === 'write' || request.verb === 'zero' ? 'noSpace' : 'ioError');
  }

  allocation(offset: number, length: number, extentsMax: number): Extent[] {
    if (!this.#covers({ offset, length })) return [{ length, flags: 0 }];
    return this.#behind.allocation(offset, length, extentsMax);
  }

  regionStates(offset: number, length: number, extentsMax: number): Extent[] {
    if (!this.#covers({ offset, length })) return [{ length, flags: 0 }];
    return this.#behind.regionStates(offset, length, extentsMax);
  }

  #covers({ offset, length }: Pick<BlockRequest, 'offset' | 'length'>): boolean {
    return offset + length <= this.#behind.sizeBytes;
  }
}
