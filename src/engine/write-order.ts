/**
 * Overlapping writes go to the legs one after the other, in the order in which they were admitted.
 *
 *   A ├────────┤              in flight
 *   B      ├────────┤         waits for A
 *   C            ├──────┤     waits for B, not for A
 *   D   ├─┤                   waits for A
 *
 * Two overlapping writes in flight at once could reach leg 0 as A, B and leg 1 as B, A, and the legs
 * would differ for ever in a region the log calls clean. A write knows how many earlier ones it still
 * waits for (`blockers`), and each of those knows it (`followers`): nothing is ever searched again.
 *
 * Writes are filed by region, so the search for overlaps looks only at writes near by.
 */
import { invariant } from '../errors/invariant.ts';
import type { RegionIndex } from '../geometry/units.ts';

/** What the order needs of a write; the order owns `blockers` and `followers`. */
export interface OrderedWrite {
  readonly first: RegionIndex;
  readonly last: RegionIndex;
  readonly offset: number;
  readonly length: number;
  blockers: number;
  followers: OrderedWrite[] | null;
}

export class WriteOrder<Write extends OrderedWrite> {
  readonly #byRegion = new Map<RegionIndex, Write[]>();

  /** True: nothing earlier overlaps `write`, it may go on. */
  enter(write: Write): boolean {
    for (let region = write.first; region <= write.last; region = (region + 1) as RegionIndex) {
      const writes = this.#byRegion.get(region);
      if (writes === undefined) {
        this.#byRegion.set(region, [write]);
        continue;
      }
      for (const earlier of writes) if (overlap(earlier, write, region)) follow(earlier, write);
      writes.push(write);
    }
    return write.blockers === 0;
  }

  /** Ends `write`; returns the writes that waited for it alone, in order. */
  leave(write: Write): readonly Write[] {
    for (let region = write.first; region <= write.last; region = (region + 1) as RegionIndex) {
      this.#remove(region, write);
    }
    if (write.followers === null) return [];
    const followers = write.followers as Write[];
    write.followers = null;
    return followers.filter((follower) => {
      follower.blockers -= 1;
      return follower.blockers === 0;
    });
  }

  #remove(region: RegionIndex, write: Write): void {
    const writes = this.#byRegion.get(region);
    const place = writes?.indexOf(write) ?? -1;
    invariant(writes !== undefined && place >= 0, `write at ${write.offset} was never entered`);
    if (writes.length === 1) this.#byRegion.delete(region);
    else writes.splice(place, 1);
  }
}

/** Overlapping, and not already found so in an earlier region that both touch. */
function overlap(earlier: OrderedWrite, later: OrderedWrite, region: RegionIndex): boolean {
  if (region > later.first && region > earlier.first) return false;
  return (
    earlier.offset < later.offset + later.length && later.offset < earlier.offset + earlier.length
  );
}

function follow(earlier: OrderedWrite, later: OrderedWrite): void {
  later.blockers += 1;
  if (earlier.followers === null) earlier.followers = [later];
  else earlier.followers.push(later);
}
