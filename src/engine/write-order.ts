/**
 * Writes that share a block go to the legs one after the other, in the order in which they were admitted.
 *
 *   A ├────────┤              in flight
 *   B      ├────────┤         waits for A
 *   C            ├──────┤     waits for B, not for A
 *   D   ├─┤                   waits for A
 *
 * Two overlapping writes in flight at once could reach leg 0 as A, B and leg 1 as B, A, and the legs
 * would differ for ever in a region the log calls clean. Two that only share a block would lose one of
 * them where a device takes whole blocks, and what a write does not fill is read first. A write knows
 * how many earlier ones it still waits for (`blockers`), and each of those knows it (`followers`):
 * nothing is ever searched again.
 *
 * Writes are filed by region into a fixed number of drawers, so the search for overlaps looks at the
 * few writes that share one, and filing costs the same however large the mirror is.
 */
import { broken } from '../errors/invariant.ts';
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

const DRAWERS = 1024;

export class WriteOrder<Write extends OrderedWrite> {
  readonly #drawers: readonly Write[][] = Array.from({ length: DRAWERS }, () => []);
  readonly #blockBytes: number;

  /** Regions shorter than a block share none, as far as this goes: no device has such blocks then. */
  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  /** True: nothing earlier shares a block with `write`, it may go on. */
  enter(write: Write): boolean {
    const blockBytes = this.#blockBytes;
    const start = Math.floor(write.offset / blockBytes) * blockBytes;
    const end = Math.ceil((write.offset + write.length) / blockBytes) * blockBytes;
    for (let region = write.first; region <= write.last; region = (region + 1) as RegionIndex) {
      const drawer = this.#drawerOf(region);
      for (let place = 0; place < drawer.length; place += 1) {
        const earlier = drawer[place] as Write;
        // What both touch was found in the first region that they share.
        if (region > write.first && region > earlier.first) continue;
        const meet = earlier.offset < end && start < earlier.offset + earlier.length;
        if (meet) follow(earlier, write);
      }
      drawer.push(write);
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
    const drawer = this.#drawerOf(region);
    const place = drawer.indexOf(write);
    if (place < 0) broken(`write at ${write.offset} was never entered`);
    // Order within a drawer means nothing: who follows whom is known since `enter`.
    const last = drawer.pop() as Write;
    if (place < drawer.length) drawer[place] = last;
  }

  #drawerOf(region: RegionIndex): Write[] {
    return this.#drawers[region % DRAWERS] as Write[];
  }
}

function follow(earlier: OrderedWrite, later: OrderedWrite): void {
  later.blockers += 1;
  if (earlier.followers === null) earlier.followers = [later];
  else earlier.followers.push(later);
}
