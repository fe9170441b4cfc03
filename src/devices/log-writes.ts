/**
 * A write of the log: some of its blocks, and then perhaps durable.
 *
 *   one block         ├─ write, FUA ─┤                the everyday case: one trip to the device
 *   several blocks    ├─ write ─┤
 *                     ├─── write ──┤─ flush ─┤        all of them share the flush
 *   none              ├─ flush ─┤
 *
 * Ends with the first failure, but not before every write has ended: the bytes are only lent.
 */
import type { Done, IoError, LogPart } from './leg-io.ts';

/** The device that the log lies on. */
export interface LogTarget {
  /** `fua`: durable at its end. */
  write(pieces: readonly Uint8Array[], position: number, fua: boolean, done: Done): void;
  flush(done: Done): void;
}

export function writeLogTo(
  log: LogTarget,
  parts: readonly LogPart[],
  durable: boolean,
  done: Done,
): void {
  if (parts.length === 0) {
    log.flush(done);
    return;
  }
  const sharesFlush = durable && parts.length > 1;
  let pending = parts.length;
  let failure: IoError | null = null;
  const ended = (error: IoError | null) => {
    failure ??= error;
    pending -= 1;
    if (pending > 0) return;
    if (failure === null && sharesFlush) log.flush(done);
    else done(failure);
  };
  for (const { bytes, offset } of parts) log.write([bytes], offset, durable && !sharesFlush, ended);
}
