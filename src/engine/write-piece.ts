/**
 * A client's write on its way to the legs, cut into pieces.
 *
 *   request   ├──────────────────────────────────────────┤
 *   regions   │ dirty │ clean │ recovering │ nosync │ …
 *   pieces    ├───────────────┤├──────────┤├──────────────┤
 *                  goes on        delayed       goes on
 *
 * A piece is a run of regions that can go on together; a region that is being recovered delays its
 * own part only. The request is answered when its last piece has ended. `zero` and `discard` are
 * writes in every respect: they change the data, so they are marked, ordered and mirrored.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { IoOutcome, RequestId, WriteInput, WriteVerb } from './input.ts';
import type { OrderedWrite } from './write-order.ts';

/** `again`: not done, and given back. */
export type PieceOutcome = IoOutcome | 'again';

export class WriteRequest {
  readonly id: RequestId;
  readonly verb: WriteVerb;
  readonly fua: boolean;
  readonly mayPunch: boolean;
  readonly first: RegionIndex;
  readonly last: RegionIndex;
  piecesLeft = 0;
  outcome: PieceOutcome = 'ok';
  /** Some leg did not get all of it, though recovery may have brought it since. */
  isMissed = false;
  /** A moment of `LegSet.lostSince`: when the first of it was issued; before that -1. */
  issuedAt = -1;

  constructor(input: WriteInput, first: RegionIndex, last: RegionIndex) {
    this.id = input.request;
    this.verb = input.kind;
    this.fua = input.fua;
    this.mayPunch = input.mayPunch;
    this.first = first;
    this.last = last;
  }
}

/** A leg did not take its share of a piece: the regions `first` to `last` of it. */
export interface LegShareFailure {
  readonly leg: LegIndex;
  readonly first: RegionIndex;
  readonly last: RegionIndex;
  readonly outcome: IoOutcome;
}

export class WritePiece implements OrderedWrite {
  readonly request: WriteRequest;
  readonly first: RegionIndex;
  readonly last: RegionIndex;
  /** Bytes from the start of the mirror. */
  readonly offset: number;
  readonly length: number;
  /** Where this piece begins in the request's payload. */
  readonly at: number;
  blockers = 0;
  followers: OrderedWrite[] | null = null;
  /** The log epoch that must be durable before any leg may see this piece. */
  epoch = 0;
  legSharesLeft = 0;
  failures: LegShareFailure[] | null = null;

  constructor(
    request: WriteRequest,
    first: RegionIndex,
    last: RegionIndex,
    offset: number,
    length: number,
    at: number,
  ) {
    this.request = request;
    this.first = first;
    this.last = last;
    this.offset = offset;
    this.length = length;
    this.at = at;
  }
}
