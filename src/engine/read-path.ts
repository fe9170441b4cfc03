/**
 * The life of a read: find a leg that holds all of it, read, and on an error try another that does.
 *
 *   regions    │ all legs │ leg 0 only │ all legs │
 *   segments   ├──────────────────────────────────┤  leg 0 holds all of it: one segment
 *   regions    │ leg 0 only │ leg 1 only │
 *   segments   ├────────────┤├───────────┤           nobody does: one segment each
 *
 * The client sees an error only when no leg that holds a segment can read it.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { byteCount, byteOffset } from '../geometry/units.ts';
import type { ReadChooser } from '../mirror-set/read-policy.ts';
import type { LegMask } from '../region/leg-content.ts';
import { common, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { IoId, IoOutcome, RequestId } from './input.ts';
import type { MirrorState } from './mirror-state.ts';

interface ReadRequest {
  readonly id: RequestId;
  segmentsLeft: number;
  failed: boolean;
}

/** Part of a read that one leg can answer; `at` is its place in the request's buffer. */
export interface ReadSegment {
  readonly request: ReadRequest;
  readonly offset: number;
  readonly length: number;
  readonly at: number;
  readonly holders: LegMask;
  /** No write was in flight to it, and every leg held it. */
  readonly atRest: boolean;
  tried: LegMask;
  leg: LegIndex;
}

export class ReadPath {
  readonly #state: MirrorState;
  readonly #chooser: ReadChooser;
  readonly #nameSegment: (segment: ReadSegment) => IoId;

  constructor(
    state: MirrorState,
    chooser: ReadChooser,
    nameSegment: (segment: ReadSegment) => IoId,
  ) {
    this.#state = state;
    this.#chooser = chooser;
    this.#nameSegment = nameSegment;
  }

  begin(id: RequestId, offset: number, length: number): void {
    this.#state.requestsInFlight += 1;
    const request: ReadRequest = { id, segmentsLeft: 0, failed: false };
    const segments = this.#cut(request, offset, length);
    request.segmentsLeft = segments.length;
    for (const segment of segments) this.#issue(segment);
  }

  segmentEnded(segment: ReadSegment, outcome: IoOutcome): void {
    this.#chooser.ended(segment.leg);
    if (outcome === 'ok') {
      this.#end(segment.request);
      return;
    }
    this.#state.legFailed(segment.leg, 'read');
    segment.tried = union(segment.tried, maskOf(segment.leg));
    this.#issue(segment);
  }

  #cut(request: ReadRequest, offset: number, length: number): ReadSegment[] {
    const { geometry, content, hash } = this.#state;
    const end = offset + length;
    const last = geometry.lastRegionOf(byteOffset(offset), byteCount(length));
    const segments: ReadSegment[] = [];
    let region = geometry.regionOf(byteOffset(offset));
    for (let from = offset; from < end; ) {
      let holders = content.all;
      let atRest = true;
      for (; region <= last; region = (region + 1) as RegionIndex) {
        const shared = common(holders, content.holders(region));
        if (shared === NO_LEGS) break;
        holders = shared;
        atRest = atRest && content.isInSync(region) && hash.writesInFlightTo(region) === 0;
      }
      const to = Math.min(end, region * geometry.regionBytes);
      const at = from - offset;
      const leg = this.#state.legs.primary;
      const tried = NO_LEGS;
      segments.push({ request, offset: from, length: to - from, at, holders, atRest, tried, leg });
      from = to;
    }
    return segments;
  }

  #issue(segment: ReadSegment): void {
    const { legs } = this.#state;
    const untried = without(segment.holders, segment.tried);
    if (untried === NO_LEGS) {
      segment.request.failed = true;
      this.#end(segment.request);
      return;
    }
    const sound = legs.sound(untried);
    const candidates = sound === NO_LEGS ? untried : sound;
    segment.leg = this.#chooser.choose(candidates, legs.primary, segment.atRest);
    this.#chooser.began(segment.leg);
    this.#state.emit({
      kind: 'readLeg',
      io: this.#nameSegment(segment),
      request: segment.request.id,
      leg: segment.leg,
      offset: byteOffset(segment.offset),
      length: byteCount(segment.length),
      at: segment.at,
    });
  }

  #end(request: ReadRequest): void {
    request.segmentsLeft -= 1;
    if (request.segmentsLeft > 0) return;
    this.#state.requestsInFlight -= 1;
    const outcome = request.failed ? 'ioError' : 'ok';
    this.#state.emit({ kind: 'reply', request: request.id, outcome });
  }
}
