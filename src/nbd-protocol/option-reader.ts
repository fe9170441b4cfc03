/**
 * Reads the payload of an option, field by field. It never throws: a payload that ends too early
 * reads as zeroes and empty texts, and `endsHere` is false from then on, so that the one who reads
 * asks once, at the end, instead of after each field.
 */
import { latin1Text } from './big-endian.ts';

export class OptionReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #tooShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Everything has been read, and nothing was missing. */
  get endsHere(): boolean {
    return !this.#tooShort && this.#at === this.#bytes.length;
  }

  get tooShort(): boolean {
    return this.#tooShort;
  }

  u16(): number {
    const at = this.#next(2);
    return this.#tooShort ? 0 : this.#view.getUint16(at);
  }

  u32(): number {
    const at = this.#next(4);
    return this.#tooShort ? 0 : this.#view.getUint32(at);
  }

  /**
   * A text with its length in front. Names are compared with our own, which are ASCII, so other
   * characters need no decoding: they are equal to nothing.
   */
  text(): string {
    const length = this.u32();
    const at = this.#next(length);
    return this.#tooShort ? '' : latin1Text(this.#bytes.subarray(at, at + length));
  }

  #next(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length) this.#tooShort = true;
    else this.#at += bytes;
    return at;
  }
}
