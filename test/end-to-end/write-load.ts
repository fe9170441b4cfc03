/** Writes that go on while something else happens to the mirror, and what it must hold afterwards. */
import type { NbdClient } from '../../src/nbd-client/nbd-client.ts';

const BLOCK = 4096;
const BLOCKS = 1024;
const AT_ONCE = 8;

export class WriteLoad {
  readonly #client: NbdClient;
  readonly #values = new Uint8Array(BLOCKS);
  #rounds = 0;
  #isEnding = false;
  #running: Promise<void>;
  #roundEnded = Promise.withResolvers<void>();

  private constructor(client: NbdClient) {
    this.#client = client;
    this.#running = this.#run();
    // Whoever waits for its end hears of a failure; until then nobody listens.
    this.#running.catch(() => {});
  }

  /** The first round is over: something is there to be kept. */
  static async begin(client: NbdClient): Promise<WriteLoad> {
    const load = new WriteLoad(client);
    await load.round();
    return load;
  }

  /** Ends when all blocks were written once more from now on. */
  async round(): Promise<void> {
    const wanted = this.#rounds + 2;
    while (this.#rounds < wanted) await Promise.race([this.#roundEnded.promise, this.#running]);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    await this.#client.flush();
    this.#client.close();
  }

  /** A mirror of `bytes` bytes that was empty before. */
  expected(bytes: number): Buffer {
    const all = Buffer.alloc(bytes);
    for (const [index, value] of this.#values.entries()) {
      all.fill(value, index * BLOCK, (index + 1) * BLOCK);
    }
    return all;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      for (let index = 0; index < BLOCKS; index += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => this.#write(index + more)));
      }
      this.#rounds += 1;
      this.#roundEnded.resolve();
      this.#roundEnded = Promise.withResolvers();
    }
  }

  async #write(index: number): Promise<void> {
    const value = (this.#rounds * 7 + index) % 251;
    await this.#client.write(index * BLOCK, Buffer.alloc(BLOCK, value));
    this.#values[index] = value;
  }
}
