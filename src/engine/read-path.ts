/**
 * The life of a read: find a leg that holds all of it, read, and on an error try another that does.
 *
 *   regions    │ all legs │ leg 0 only │ all legs │
 *   segments   ├──────────────────────────────────┤  leg 0 holds all of it: one segment
 *   regions    │ leg 0 only │ leg 1 only │
 *   segments   ├────────────┤├───────────┤           nobody does: one segment each
 *
 * Who holds what may change while a leg is reading, so a second attempt is cut anew. A failed flush
 * may have made the leg show old data meanwhile, even if it has been recovered since, and a leg that
 * went out of service may show anything: then what it answered does not count. A write that fails meanwhile changes nothing: the read may show either.
 *
 * A leg that could not read what another one then did is repaired (read-repair.ts).
 *
 * The client sees an error only when no leg that holds a segment can read it.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { byteCount, byteOffset } from '../geometry/units.ts';
import type { ReadChooser } from '../mirror-set/read-policy.ts';
import type { LegMask } from '../region/leg-content.ts';
import { common, has, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { IoId, IoOutcome, RequestId } from './input.ts';
import type { MirrorState } from './mirror-state.ts';
import type { ReadRepair } from './read-repair.ts';

interface ReadRequest {
  readonly id: RequestId;
  segmentsLeft: number;
  failed: boolean;
}

/** Part of a read that one leg is answering; `at` is its place in the request's buffer. */
export interface ReadSegment {
  readonly of: 'read';
  readonly request: ReadRequest;
  readonly offset: number;
  readonly length: number;
  readonly at: number;
  readonly leg: LegIndex;
  /** A moment of `LegSet.lostSince`. */
  readonly issuedAt: number;
  /** Legs that could not read it. */
  readonly tried: LegMask;
}

type ReadRange = Pick<ReadSegment, 'request' | 'offset' | 'length' | 'at' | 'tried'>;

export class ReadPath {
  readonly #state: MirrorState;
  readonly #chooser: ReadChooser;
  readonly #repair: ReadRepair;
  readonly #nameSegment: (segment: ReadSegment) => IoId;

  constructor(
    state: MirrorState,
    chooser: ReadChooser,
    repair: ReadRepair,
    nameSegment: (segment: ReadSegment) => IoId,
  ) {
    this.#state = state;
    this.#chooser = chooser;
    this.#repair = repair;
    this.#nameSegment = nameSegment;
  }

  begin(id: RequestId, offset: number, length: number): void {
    this.#state.requestsInFlight += 1;
    const request: ReadRequest = { id, segmentsLeft: 1, failed: false };
    this.#read({ request, offset, length, at: 0, tried: NO_LEGS });
  }

  segmentEnded(segment: ReadSegment, outcome: IoOutcome): void {
    const { leg, tried, issuedAt } = segment;
    const { legs } = this.#state;
    this.#chooser.ended(leg);
    if (outcome !== 'ok') {
      this.#state.legFailed(leg, 'read');
      this.#read({ ...segment, tried: union(tried, maskOf(leg)) });
    } else if (has(legs.lostSince(issuedAt), leg)) {
      this.#read(segment);
    } else {
      if (tried !== NO_LEGS) this.#repairTried(segment);
      this.#end(segment.request);
    }
  }

  #repairTried({ offset, length, tried }: ReadSegment): void {
    const { geometry } = this.#state;
    const first = geometry.regionOf(byteOffset(offset));
    this.#repair.repair(first, geometry.lastRegionOf(byteOffset(offset), byteCount(length)), tried);
  }

  /** Cuts `range`, which its request counts as one segment, into as few as can be read. */
  #read({ request, offset, length, at, tried }: ReadRange): void {
    const { geometry } = this.#state;
    const end = offset + length;
    const lastRegion = geometry.lastRegionOf(byteOffset(offset), byteCount(length));
    for (let from = offset; from < end; ) {
      const first = geometry.regionOf(byteOffset(from));
      let legs = this.#readable(first, tried);
      let last = first;
      for (; last < lastRegion; last = (last + 1) as RegionIndex) {
        const both = common(legs, this.#readable((last + 1) as RegionIndex, tried));
        if (both === NO_LEGS) break;
        legs = both;
      }
      const to = Math.min(end, (last + 1) * geometry.regionBytes);
      if (to < end) request.segmentsLeft += 1;
      const range = { request, offset: from, length: to - from, at: at + (from - offset), tried };
      if (legs === NO_LEGS) this.#fail(request);
      else this.#issue(range, first, last, legs);
      from = to;
    }
  }

  #issue(range: ReadRange, first: RegionIndex, last: RegionIndex, holders: LegMask): void {
    const { legs } = this.#state;
    const sound = legs.sound(holders);
    const candidates = sound === NO_LEGS ? holders : sound;
    const leg = this.#chooser.choose(candidates, legs.primary, this.#isAtRest(first, last));
    this.#chooser.began(leg);
    const { request, offset, length, at, tried } = range;
    const issuedAt = legs.losses;
    this.#state.emit({
      kind: 'readLeg',
      io: this.#nameSegment({ of: 'read', request, offset, length, at, tried, leg, issuedAt }),
      request: request.id,
      leg,
      offset: byteOffset(offset),
      length: byteCount(length),
      at,
    });
  }

  #readable(region: RegionIndex, tried: LegMask): LegMask {
    return without(this.#state.content.serving(region), tried);
  }

  /**
   * Every leg in service holds these regions, and no write is in flight to them. Where legs are known to
   * differ one of them must answer alone, or two reads could see two things.
   */
  #isAtRest(first: RegionIndex, last: RegionIndex): boolean {
    const { content, hash, differing } = this.#state;
    for (let region = first; region <= last; region = (region + 1) as RegionIndex) {
      if (content.isWork(region) || hash.writesInFlightTo(region) > 0) return false;
      if (differing.has(region)) return false;
    }
    return true;
  }

  #fail(request: ReadRequest): void {
    request.failed = true;
    this.#end(request);
  }

  #end(request: ReadRequest): void {
    request.segmentsLeft -= 1;
    if (request.segmentsLeft > 0) return;
    this.#state.requestsInFlight -= 1;
    const outcome = request.failed ? 'ioError' : 'ok';
    this.#state.emit({ kind: 'reply', request: request.id, outcome });
  }
}
