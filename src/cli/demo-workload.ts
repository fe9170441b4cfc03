/**
 * Writes numbered blocks to a mirror over NBD, as any client would, and knows afterwards what must be
 * read back. Every write has a number of its own; a block is written once a batch, so that which write
 * of it came last is no question.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { NbdAddress } from '../nbd-client/nbd-client.ts';
import { NbdClient } from '../nbd-client/nbd-client.ts';

export const BLOCK_BYTES = 4096;
const WRITES_IN_FLIGHT = 32;
/** Of the mirror: how far around a place that wanders, and in how many batches it comes round. */
const NEAR_SHARE = 1 / 40;
const WANDER_BATCHES = 4000;
/** One batch in so many has a write that goes anywhere. */
const STRAY_EVERY = 8;

/** Where the blocks are: everywhere alike, or mostly near a place that wanders. */
export type Spread = 'everywhere' | 'wandering';

export class Workload {
  readonly #client: NbdClient;
  readonly #spread: Spread;
  /** Block number → the number that was written there, the last one that was acknowledged. */
  readonly #written: Map<number, number>;
  #count: number;
  #batches = 0;

  private constructor(
    client: NbdClient,
    spread: Spread,
    written: Map<number, number>,
    count: number,
  ) {
    this.#client = client;
    this.#spread = spread;
    this.#written = written;
    this.#count = count;
  }

  static async connect(address: NbdAddress, name: string, spread: Spread): Promise<Workload> {
    return new Workload(await NbdClient.connect(address, name), spread, new Map(), 0);
  }

  /** The same memory over another connection. */
  async reconnected(address: NbdAddress, name: string): Promise<Workload> {
    const client = await NbdClient.connect(address, name);
    return new Workload(client, this.#spread, this.#written, this.#count);
  }

  /** How many writes were acknowledged. */
  get count(): number {
    return this.#count;
  }

  get blockCount(): number {
    return this.#written.size;
  }

  /** Throws NBD_CLIENT_FAILED when the server is gone; what was under way then counts as unknown. */
  async writeBatch(): Promise<void> {
    const blocks = this.#client.sizeBytes / BLOCK_BYTES;
    const batch = new Set(
      Array.from({ length: WRITES_IN_FLIGHT }, (_, lane) => this.#pickBlock(lane, blocks)),
    );
    this.#batches += 1;
    await Promise.all([...batch].map((block, place) => this.#write(block, this.#count + place)));
    this.#count += batch.size;
  }

  #pickBlock(lane: number, blocks: number): number {
    const isStray = lane === 0 && this.#batches % STRAY_EVERY === 0;
    if (this.#spread === 'everywhere' || isStray) return Math.floor(Math.random() * blocks);
    const place = this.#batches / WANDER_BATCHES + Math.random() * NEAR_SHARE;
    return Math.floor((place % 1) * blocks);
  }

  async #write(block: number, number: number): Promise<void> {
    this.#written.delete(block);
    await this.#client.write(block * BLOCK_BYTES, numbered(number));
    this.#written.set(block, number);
  }

  async flush(): Promise<void> {
    await this.#client.flush();
  }

  /** How many of the blocks written hold what was written. */
  async readBack(): Promise<number> {
    let right = 0;
    for (const [block, number] of this.#written) {
      const found = await this.#client.read(block * BLOCK_BYTES, BLOCK_BYTES);
      if (Buffer.compare(found, numbered(number)) === 0) right += 1;
    }
    return right;
  }

  close(): void {
    this.#client.close();
  }
}

export function isClientLost(error: unknown): boolean {
  return error instanceof MirrorError && error.code === 'NBD_CLIENT_FAILED';
}

function numbered(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array(BLOCK_BYTES / 4).fill(number).buffer);
}
