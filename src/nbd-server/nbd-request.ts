/**
 * One request of a client, from its first byte to its reply: what the mirror sees of it
 * (`BlockRequest`), and what the session must remember to answer it.
 *
 * A read's buffer has room in front for what the reply begins with, so that header and data leave
 * as one piece:   whole  │ header │ data … │
 *                 into            └ length ┘
 */
import type { PagePipe } from '../devices/page-pipe.ts';
import { broken, invariant } from '../errors/invariant.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../nbd-protocol/numbers.ts';
import type { Refusal, WireRequest } from '../nbd-protocol/request.ts';
import { payloadBytesOf } from '../nbd-protocol/request.ts';
import type { BlockOutcome, BlockRequest, BlockVerb } from './mirror-port.ts';
import type { Payload } from './payload.ts';

/** What a request is held to weigh besides its payload. */
const OVERHEAD_BYTES = 512;

const VERB_OF_COMMAND: readonly (BlockVerb | undefined)[] = (() => {
  const verbs: BlockVerb[] = [];
  verbs[COMMAND.READ] = 'read';
  verbs[COMMAND.WRITE] = 'write';
  verbs[COMMAND.FLUSH] = 'flush';
  verbs[COMMAND.TRIM] = 'discard';
  verbs[COMMAND.CACHE] = 'cache';
  verbs[COMMAND.WRITE_ZEROES] = 'zero';
  return verbs;
})();

/** What the client hears of a request that did not end well. */
export const FAILURES: Readonly<Record<Exclude<BlockOutcome, 'ok'>, Refusal>> = {
  ioError: { error: NBD_ERROR.EIO, why: 'no leg could do it' },
  noSpace: { error: NBD_ERROR.ENOSPC, why: 'a leg has no space left' },
  notSupported: { error: NBD_ERROR.ENOTSUP, why: 'not without writing zeroes' },
  shuttingDown: { error: NBD_ERROR.ESHUTDOWN, why: 'the mirror is shutting down' },
};

/** Who answers the client. */
export interface Answerer {
  renewBuffers(request: NbdRequest): void;
  ended(request: NbdRequest, outcome: BlockOutcome): void;
}

export class NbdRequest implements BlockRequest {
  readonly wire: WireRequest;
  readonly refusal: Refusal | null;
  /** Bytes of payload that have not been taken from the stream. */
  payloadLeft: number;
  /** Where the data lies; null when there is none, or when it needs no giving back. */
  payload: Payload | null = null;
  whole: Uint8Array | null = null;
  into: Uint8Array | null = null;
  pipe: PagePipe | null = null;
  pieces: readonly Uint8Array[] = [];
  readonly #answerer: Answerer;
  #ended = false;

  constructor(answerer: Answerer, wire: WireRequest, refusal: Refusal | null) {
    this.#answerer = answerer;
    this.wire = wire;
    this.refusal = refusal;
    this.payloadLeft = payloadBytesOf(wire);
  }

  /** Memory it holds while it is in flight. */
  get heldBytes(): number {
    const { command, length } = this.wire;
    if (this.refusal !== null) return 0;
    const carriesData = command === COMMAND.READ || command === COMMAND.WRITE;
    return OVERHEAD_BYTES + (carriesData ? length : 0);
  }

  get verb(): BlockVerb {
    const { command } = this.wire;
    return VERB_OF_COMMAND[command] ?? broken(`command ${command} is not for the mirror`);
  }

  get offset(): number {
    return this.wire.offset;
  }

  get length(): number {
    return this.wire.length;
  }

  get fua(): boolean {
    return (this.wire.flags & COMMAND_FLAG.FUA) !== 0;
  }

  get mayPunch(): boolean {
    return (this.wire.flags & COMMAND_FLAG.NO_HOLE) === 0;
  }

  get fastOnly(): boolean {
    return (this.wire.flags & COMMAND_FLAG.FAST_ZERO) !== 0;
  }

  /** Memory that is not given back is never taken again, and that is the point. */
  abandonBuffers(): void {
    this.payload = null;
    if (this.into !== null) this.#answerer.renewBuffers(this);
  }

  /** Called by the mirror. */
  done(outcome: BlockOutcome): void {
    invariant(!this.#ended, 'a request ends once');
    this.#ended = true;
    this.#answerer.ended(this, outcome);
  }
}
