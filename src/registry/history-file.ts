/**
 * STATE_DIR/NAME.history: read by commands, written by the mirror's engine, which holds its lock. A
 * line is appended without waiting for the disk: what a power cut takes is missed by nobody.
 */
import { readFileSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { bitsetBytes, RegionBitset } from '../dirty-log/region-bitset.ts';
import type {
  HistoryBounds,
  HistoryRecord,
  LogHistory,
  TimedLine,
} from '../forensics/log-history.ts';
import { parseHistory, thinned } from '../forensics/log-history.ts';
import { regionCount } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { replaceFile } from './atomic-file.ts';
import { unreadable } from './json-file.ts';
import { appendLine } from './line-file.ts';
import type { Places } from './places.ts';
import { historyPath, makeDirectory } from './places.ts';

/** Bits of a million regions at random would be 170 KiB. */
const RECORD_BITS_MAX = 256 * 1024;
const BOUNDS: HistoryBounds = { records: 256, bytes: 1024 * 1024 };
/** Not at every append: what is thinned out makes room for a while. */
const BOUNDS_AFTER: HistoryBounds = { records: 192, bytes: 768 * 1024 };

/** Empty where there is no such file. Throws REGISTRY_INVALID or NOT_PERMITTED. */
export function readHistory(places: Places, { name, uuid }: MirrorSpec): LogHistory {
  return parseHistory(textOf(historyPath(places, name)), uuid);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unreadable(file, cause);
  }
}

export function encodeBits(bits: RegionBitset): string | null {
  const encoded = deflateRawSync(bits.bytes).toString('base64');
  return encoded.length <= RECORD_BITS_MAX ? encoded : null;
}

/** Null: not kept, or not the bits of that many regions. */
export function decodeBits(record: HistoryRecord): RegionBitset | null {
  const count = regionCount(record.regionCount);
  const length = bitsetBytes(count);
  try {
    const packed = Buffer.from(record.bits ?? '', 'base64');
    const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(length, 1) });
    const bits = bytes.length === length ? new RegionBitset(count, new Uint8Array(bytes)) : null;
    return bits?.count() === record.cleanRegions ? bits : null;
  } catch {
    return null;
  }
}

export type NewRecord = Omit<HistoryRecord, 'number'>;

/** The history of one mirror, as its engine keeps it. */
export class HistoryFile {
  readonly #file: string;
  #lines: readonly (TimedLine & { readonly text: string })[];
  #nextNumber: number;

  /** Throws as `readHistory` does. */
  constructor(places: Places, { name, uuid }: MirrorSpec) {
    makeDirectory(places.stateDir);
    this.#file = historyPath(places, name);
    const { records } = parseHistory(textOf(this.#file), uuid);
    this.#lines = records.map(lineOf);
    this.#nextNumber = (records.at(-1)?.number ?? 0) + 1;
  }

  /** Throws what the file system throws, or STATE_WRITE_FAILED; the history is then as it was, or torn. */
  append(record: NewRecord): void {
    const line = lineOf({ number: this.#nextNumber, ...record });
    appendLine(this.#file, line.text);
    this.#nextNumber += 1;
    this.#lines = [...this.#lines, line];
    if (thinned(this.#lines, BOUNDS).length < this.#lines.length) this.#thin();
  }

  /** Lines that could not be read go, too. */
  #thin(): void {
    this.#lines = thinned(this.#lines, BOUNDS_AFTER);
    replaceFile(this.#file, this.#lines.map(({ text }) => text).join(''));
  }
}

function lineOf(record: HistoryRecord) {
  const text = `${JSON.stringify(record)}\n`;
  return { atMs: Date.parse(record.at), moment: record.moment, bytes: text.length, text };
}
