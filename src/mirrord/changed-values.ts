/**
 * What has changed in an array of small numbers that another thread writes, since anyone asked before.
 * The array is only read, so the engine does not notice how often, or by how many, it is watched.
 *
 *   live    c c d d c c c c …      written by the engine's worker
 *   known   c c c d c c c c …      as last looked at
 *   version 0 0 7 3 0 0 0 0 …      of each number: the look at which it was seen to change
 *
 * A look (`refresh`) compares pages, and word by word those that differ: 0.1 ms for a million quiet
 * regions. Whoever asks names the version up to which it has heard, 0 for nothing yet, and gets runs of
 * what is newer; whoever has heard of the last look but one, which is most, gets the news of the last
 * as they were found. So any number of watchers share one memory, and a change that came and went
 * between two looks is not told.
 */
const CHUNK = 64;
const PAGE_BYTES = 4096;
const WORD_BYTES = 4;

/** `[first, count, value, first, count, value, …]`, in order. */
export type ValueRuns = readonly number[];

type SmallNumbers = Uint8Array | Uint16Array;

export class ChangedValues {
  readonly #live: SmallNumbers;
  readonly #liveBytes: Buffer;
  readonly #liveWords: Int32Array;
  readonly #known: SmallNumbers;
  readonly #knownBytes: Buffer;
  readonly #knownWords: Int32Array;
  readonly #versions: Uint32Array;
  /** The newest version in each chunk of `CHUNK` numbers, so that quiet ones are skipped. */
  readonly #chunks: Uint32Array;
  #version: number;
  #versionBefore: number;
  /** What the last look found. */
  #news: number[] = [];

  /** `live` starts at a multiple of four bytes; all of it is of version `first`. */
  constructor(live: SmallNumbers, first = 1) {
    const words = Math.floor(live.byteLength / WORD_BYTES);
    this.#live = live;
    this.#liveBytes = Buffer.from(live.buffer, live.byteOffset, live.byteLength);
    this.#liveWords = new Int32Array(live.buffer, live.byteOffset, words);
    this.#known =
      live instanceof Uint8Array ? new Uint8Array(live.length) : new Uint16Array(live.length);
    this.#knownBytes = Buffer.from(this.#known.buffer);
    this.#knownWords = new Int32Array(this.#known.buffer, 0, words);
    this.#versions = new Uint32Array(live.length).fill(first);
    this.#chunks = new Uint32Array(Math.ceil(live.length / CHUNK)).fill(first);
    this.#version = first;
    this.#versionBefore = first;
  }

  /** Notes what has changed as of `version`, which is larger than all before. */
  refresh(version: number): void {
    this.#versionBefore = this.#version;
    this.#version = version;
    this.#news = [];
    const live = this.#liveBytes;
    for (let from = 0; from < live.length; from += PAGE_BYTES) {
      const to = Math.min(from + PAGE_BYTES, live.length);
      if (live.compare(this.#knownBytes, from, to, from, to) !== 0) this.#lookAt(from, to);
    }
  }

  changedSince(version: number): ValueRuns {
    if (version >= this.#versionBefore) return version < this.#version ? this.#news : [];
    const runs: number[] = [];
    for (const [chunk, newest] of this.#chunks.entries()) {
      if (newest > version) this.#collect(chunk * CHUNK, version, runs);
    }
    return runs;
  }

  /** From byte `from` to byte `to`: a page, or the last part of one. */
  #lookAt(from: number, to: number): void {
    const live = this.#liveWords;
    const known = this.#knownWords;
    const size = this.#live.BYTES_PER_ELEMENT;
    const inWord = WORD_BYTES / size;
    const end = Math.floor(to / WORD_BYTES);
    for (let word = from / WORD_BYTES; word < end; word += 1) {
      if (live[word] !== known[word]) this.#note(word * inWord, (word + 1) * inWord);
    }
    this.#note(end * inWord, to / size);
  }

  #note(from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const value = this.#live[at] ?? 0;
      if (value === this.#known[at]) continue;
      this.#known[at] = value;
      this.#versions[at] = this.#version;
      this.#chunks[Math.floor(at / CHUNK)] = this.#version;
      append(this.#news, at, value);
    }
  }

  #collect(from: number, version: number, runs: number[]): void {
    const to = Math.min(from + CHUNK, this.#known.length);
    for (let at = from; at < to; at += 1) {
      if ((this.#versions[at] ?? 0) <= version) continue;
      append(runs, at, this.#known[at] ?? 0);
    }
  }
}

/** One number more: part of the last run, if it goes on there. */
function append(runs: number[], at: number, value: number): void {
  const last = runs.length - 3;
  const count = runs[last + 1] ?? 0;
  if (runs[last + 2] === value && (runs[last] ?? 0) + count === at) runs[last + 1] = count + 1;
  else runs.push(at, 1, value);
}
