/** Cuts a stream of bytes into lines of bounded length. */

/** The other end sends a line that is longer than agreed. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

export class LineBuffer {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #length = 0;

  /** `bytesMax` counts a line without its newline. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that `chunk` completes, without their newlines. Throws LineTooLong. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, end));
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
    return lines;
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#bytesMax) throw new LineTooLong(`over ${this.#bytesMax} bytes`);
    this.#pieces.push(piece);
  }
}

const NEWLINE = 0x0a;
