/**
 * A second descriptor of an open device, past the page cache (O_DIRECT). It takes whole blocks only, from
 * and to memory that begins where a block could; everything else goes through the page cache, which the
 * kernel keeps in step with it.
 */
import fs from 'node:fs';
import type { OpenDevice } from './open-device.ts';

const { O_RDWR, O_RDONLY, O_DIRECT } = fs.constants;

export class DirectDescriptor {
  readonly fd: number;
  readonly #blockBytes: number;

  private constructor(fd: number, blockBytes: number) {
    this.fd = fd;
    this.#blockBytes = blockBytes;
  }

  /**
   * Null: there is nothing behind its page cache, or the file system knows no way past it. Opened through
   * /proc, so that it is this very device.
   */
  static open({ fd, durableFd, blockBytes, traits }: OpenDevice): DirectDescriptor | null {
    if (traits.inMemory) return null;
    const access = durableFd >= 0 ? O_RDWR : O_RDONLY;
    try {
      return new DirectDescriptor(
        fs.openSync(`/proc/self/fd/${fd}`, access | O_DIRECT),
        blockBytes,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
      throw error;
    }
  }

  takes(address: number, length: number, position: number): boolean {
    const bytes = this.#blockBytes;
    return address % bytes === 0 && length % bytes === 0 && position % bytes === 0;
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}
