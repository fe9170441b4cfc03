/**
 * A log device that may lose power at any moment, reduced to what it may then hold. Per block it
 * keeps every content that a reader could find: the last durable one, and each one written since by
 * a write that was not durable or that failed.
 */
import assert from 'node:assert/strict';
import type { DirtyLog, LogWrite } from '../../src/dirty-log/dirty-log.ts';

const CLEAN_BITS_OFFSET = 1024;

export class LogDeviceModel {
  readonly #blockBytes: number;
  readonly #versions: Uint8Array[][];

  constructor(content: Uint8Array, blockBytes: number) {
    this.#blockBytes = blockBytes;
    const blocks = Array.from({ length: content.length / blockBytes }, (_, block) => block);
    this.#versions = blocks.map((block) => [
      content.slice(block * blockBytes, (block + 1) * blockBytes),
    ]);
  }

  /** Carries out `write`: it made it, or nobody knows whether it did. */
  write({ parts, durable }: LogWrite, outcome: 'ok' | 'failed'): void {
    for (const { offset, bytes } of parts) {
      for (let at = 0; at < bytes.length; at += this.#blockBytes) {
        const versions = this.#versions[(offset + at) / this.#blockBytes];
        assert(versions, 'the write is past the end of the log');
        if (durable && outcome === 'ok') versions.length = 0;
        versions.push(bytes.slice(at, at + this.#blockBytes));
      }
    }
  }

  /** Whether a reader might find `region`'s bit set. */
  mayBeClean(region: number): boolean {
    const offset = CLEAN_BITS_OFFSET + Math.floor(region / 8);
    const inBlock = offset % this.#blockBytes;
    const versions = this.#versions[Math.floor(offset / this.#blockBytes)] ?? [];
    return versions.some((bytes) => ((bytes[inBlock] ?? 0) >> (region % 8)) & 1);
  }

  /** Every content that a reader could find: any version of each block. */
  possibleContents(): Uint8Array[] {
    return this.#versions.reduce<Uint8Array[]>(
      (starts, versions) =>
        starts.flatMap((start) => versions.map((bytes) => Uint8Array.from([...start, ...bytes]))),
      [new Uint8Array()],
    );
  }

  /** What was written last has reached the medium. */
  settle(): void {
    for (const versions of this.#versions) versions.splice(0, versions.length - 1);
  }

  /** What was written last, everywhere. */
  latest(): Uint8Array {
    return Uint8Array.from(this.#versions.flatMap((versions) => [...(versions.at(-1) ?? [])]));
  }
}

/** Lets `log` write all it owes, and returns that image. */
export function writtenBy(log: DirtyLog, lengthMax: number): Uint8Array {
  const image = new Uint8Array(lengthMax);
  let end = 0;
  for (let write = log.takeWrite(); write !== null; write = log.takeWrite()) {
    for (const { offset, bytes } of write.parts) {
      image.set(bytes, offset);
      end = Math.max(end, offset + bytes.length);
    }
    log.writeEnded(true);
  }
  return image.subarray(0, end);
}
