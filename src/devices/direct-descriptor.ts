/**
 * A second descriptor of an open device, past the page cache (O_DIRECT). It takes whole pages only, from
 * and to memory that begins where a block could; everything else goes through the page cache.
 *
 *   page      │ sector │ sector │ …      written through the cache, as a page, with what was read of the others
 *             └ one of them written past it meanwhile would be overwritten
 *
 * The kernel keeps cache and device in step but for that: two writes that meet in a page, one on each way.
 * What shares a byte is done one after the other, so with whole pages there is no such meeting.
 */
import fs from 'node:fs';
import { libc } from './libc.ts';
import type { OpenDevice } from './open-device.ts';

const { O_RDWR, O_RDONLY, O_DIRECT } = fs.constants;

export class DirectDescriptor {
  readonly fd: number;
  readonly #cachedFd: number;
  readonly #blockBytes: number;
  readonly #pageBytes = libc().getpagesize();

  private constructor(fd: number, cachedFd: number, blockBytes: number) {
    this.fd = fd;
    this.#cachedFd = cachedFd;
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
      const past = fs.openSync(`/proc/self/fd/${fd}`, access | O_DIRECT);
      return new DirectDescriptor(past, fd, blockBytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
      throw error;
    }
  }

  /** By which a transfer goes: this one, or the device's own, through the page cache. */
  fdFor(address: number, length: number, position: number): number {
    return this.takes(address, length, position) ? this.fd : this.#cachedFd;
  }

  takes(address: number, length: number, position: number): boolean {
    const page = this.#pageBytes;
    return length % page === 0 && position % page === 0 && address % this.#blockBytes === 0;
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}
