/**
 * Legs and a log in memory, for tests of whatever stands above a backend. Bytes move when the
 * operation ends, not when it begins, so a held write has not happened yet.
 *
 * Every operation passes a gate. Without one it ends at once; a test's gate may let it pass, fail
 * it, or keep `end` and call it later, in whatever order the test is about:
 *
 *   gate = ({ verb, leg }, end) => verb === 'write' && leg === 1 ? held.push(end) : end(null)
 */
import { invariant } from '../errors/invariant.ts';
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import type { AllocationRun, Done, IoError, LegIo, LogIo, LogPart, ZeroManner } from './leg-io.ts';

export interface MemoryOperation {
  readonly verb: 'read' | 'write' | 'zero' | 'discard' | 'flush' | 'writeLog';
  /** Null for the log. */
  readonly leg: LegIndex | null;
  readonly offset: number;
  readonly length: number;
  /** It is to be durable when it ends. */
  readonly durable: boolean;
}

/** Ends an operation: with null it is carried out first, with an error nothing is touched. */
export type EndOperation = (error: IoError | null) => void;
export type Gate = (operation: MemoryOperation, end: EndOperation) => void;

export class MemoryBackend implements LegIo, LogIo {
  readonly legs: readonly Uint8Array[];
  readonly log: Uint8Array;
  gate: Gate = (_, end) => end(null);

  constructor(legCount: number, legBytes: number, logBytes: number) {
    this.legs = Array.from({ length: legCount }, () => new Uint8Array(legBytes));
    this.log = new Uint8Array(logBytes);
  }

  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void {
    const operation = { verb: 'read', leg, offset, length: into.length, durable: false } as const;
    this.#pass(operation, (range) => into.set(range), done);
  }

  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const fill = (range: Uint8Array) => {
      let at = 0;
      for (const piece of pieces) {
        range.set(piece, at);
        at += piece.length;
      }
    };
    this.#pass({ verb: 'write', leg, offset, length, durable: fua }, fill, done);
  }

  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void {
    const operation = { verb: 'zero', leg, offset, length, durable: manner.fua } as const;
    this.#pass(operation, (range) => range.fill(0), done);
  }

  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void {
    const operation = { verb: 'discard', leg, offset, length, durable: fua } as const;
    this.#pass(operation, (range) => range.fill(0), done);
  }

  flush(leg: LegIndex, done: Done): void {
    this.#pass({ verb: 'flush', leg, offset: 0, length: 0, durable: true }, () => {}, done);
  }

  prefetch(): void {
    // Memory is as near as it gets.
  }

  allocation(_leg: LegIndex, _offset: ByteOffset, length: ByteCount): AllocationRun[] {
    return length === 0 ? [] : [{ length, hole: false }];
  }

  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void {
    const offset = parts[0]?.offset ?? 0;
    const length = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.gate({ verb: 'writeLog', leg: null, offset, length, durable }, (error) => {
      if (error === null) for (const part of parts) this.log.set(part.bytes, part.offset);
      done(error);
    });
  }

  #pass(operation: MemoryOperation, carryOut: (range: Uint8Array) => void, done: Done): void {
    const { leg, offset, length } = operation;
    const bytes = leg === null ? undefined : this.legs[leg];
    invariant(bytes !== undefined, `no leg ${leg}`);
    const tooFar: IoError = { code: 'EIO', message: `leg ${leg} ends at byte ${bytes.length}` };
    this.gate(operation, (refusal) => {
      const error = refusal ?? (offset + length > bytes.length ? tooFar : null);
      if (error === null) carryOut(bytes.subarray(offset, offset + length));
      done(error);
    });
  }
}
