/**
 * What a client asks once the handshake is over, and whether it may.
 *
 *   byte 0        4        6         8          16         24         28
 *   ├─────────────┼────────┼─────────┼──────────┼──────────┼──────────┼─ ─ ─ ─ ─
 *   │ magic u32   │ flags  │ command │ cookie   │ offset   │ length   │ payload
 *   │ 0x25609513  │ u16    │ u16     │ 8 bytes  │ u64      │ u32      │ (WRITE: `length` bytes)
 *   └─────────────┴────────┴─────────┴──────────┴──────────┴──────────┴─ ─ ─ ─ ─
 *
 * `refusalOf` is total: whatever the numbers are, a request is either within the export and meant
 * for it, or there is an error to answer. Who carries requests out has nothing left to check.
 *
 * Source: NBD protocol document, "Request message", "Request types", "Error values". Where it
 * leaves the answer open: a range of no bytes is EINVAL (as nbdkit; qemu lets it pass), a write or
 * a zeroing past the end is ENOSPC and anything else there EINVAL (as both).
 */
import { COMMAND, COMMAND_FLAG, NBD_ERROR, PAYLOAD_BYTES_MAX, REQUEST_MAGIC } from './numbers.ts';

export const REQUEST_BYTES = 28;

/** The client's name for a request, given back in the reply; never a number to us. */
export interface Cookie {
  readonly cookieHigh: number;
  readonly cookieLow: number;
}

export interface WireRequest extends Cookie {
  readonly flags: number;
  readonly command: number;
  /** Exact up to 2^53; above, rounded, yet never below 2^53 and so past the end of any export. */
  readonly offset: number;
  readonly length: number;
}

/** What the client is told; the words reach it only in structured replies. */
export interface Refusal {
  readonly error: number;
  readonly why: string;
}

/** What a connection has agreed on, as far as requests depend on it. */
export interface ExportTerms {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly structuredReplies: boolean;
  readonly metaContextCount: number;
  /** Nothing more is taken; requests already taken are carried out. */
  readonly shuttingDown: boolean;
}

/** The request at the start of `view`; null when there is no request but something else. */
export function decodeRequest(view: DataView): WireRequest | null {
  if (view.getUint32(0) !== REQUEST_MAGIC) return null;
  return {
    flags: view.getUint16(4),
    command: view.getUint16(6),
    cookieHigh: view.getUint32(8),
    cookieLow: view.getUint32(12),
    offset: view.getUint32(16) * 2 ** 32 + view.getUint32(20),
    length: view.getUint32(24),
  };
}

export function encodeRequest(request: WireRequest): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_MAGIC);
  view.setUint16(4, request.flags);
  view.setUint16(6, request.command);
  view.setUint32(8, request.cookieHigh);
  view.setUint32(12, request.cookieLow);
  view.setBigUint64(16, BigInt(request.offset));
  view.setUint32(24, request.length);
  return bytes;
}

/** Bytes that follow the request itself, whether it is refused or not. */
export function payloadBytesOf(request: WireRequest): number {
  return request.command === COMMAND.WRITE ? request.length : 0;
}

interface CommandRule {
  /** FUA is accepted with every command: the protocol wants it so. */
  readonly flags: number;
  readonly changesData: boolean;
  readonly lengthMax: number;
  readonly pastEnd: Refusal;
}

const SHUTTING_DOWN: Refusal = { error: NBD_ERROR.ESHUTDOWN, why: 'the server is shutting down' };
const COMMAND_UNKNOWN: Refusal = { error: NBD_ERROR.EINVAL, why: 'unknown command' };
const FLAG_UNKNOWN: Refusal = { error: NBD_ERROR.EINVAL, why: 'flag not known for this command' };
const READ_ONLY: Refusal = { error: NBD_ERROR.EPERM, why: 'the export is read-only' };
const FLUSH_OF_RANGE: Refusal = { error: NBD_ERROR.EINVAL, why: 'a flush takes no range' };
const RANGE_EMPTY: Refusal = { error: NBD_ERROR.EINVAL, why: 'a range of no bytes' };
const TOO_LONG: Refusal = { error: NBD_ERROR.EINVAL, why: 'longer than the maximum block size' };
const TOO_LONG_WHOLE: Refusal = { error: NBD_ERROR.EOVERFLOW, why: 'too long for one chunk' };
const READ_PAST_END: Refusal = { error: NBD_ERROR.EINVAL, why: 'beyond the end of the export' };
const WRITE_PAST_END: Refusal = { error: NBD_ERROR.ENOSPC, why: 'beyond the end of the export' };
const NO_CONTEXT: Refusal = { error: NBD_ERROR.EINVAL, why: 'no metadata context was selected' };

const { FUA, NO_HOLE, DF, REQ_ONE, FAST_ZERO } = COMMAND_FLAG;
const ANY_LENGTH = 2 ** 32 - 1;

/** By command number. DISC is not here: it has no reply, so it cannot be refused. */
const RULES: readonly (CommandRule | undefined)[] = (() => {
  const rules: CommandRule[] = [];
  const rule = (flags: number, changesData: boolean, lengthMax: number, pastEnd: Refusal) => ({
    flags: FUA | flags,
    changesData,
    lengthMax,
    pastEnd,
  });
  rules[COMMAND.READ] = rule(DF, false, PAYLOAD_BYTES_MAX, READ_PAST_END);
  rules[COMMAND.WRITE] = rule(0, true, PAYLOAD_BYTES_MAX, WRITE_PAST_END);
  rules[COMMAND.FLUSH] = rule(0, false, 0, READ_PAST_END);
  rules[COMMAND.TRIM] = rule(0, true, ANY_LENGTH, READ_PAST_END);
  rules[COMMAND.CACHE] = rule(0, false, ANY_LENGTH, READ_PAST_END);
  rules[COMMAND.WRITE_ZEROES] = rule(NO_HOLE | FAST_ZERO, true, ANY_LENGTH, WRITE_PAST_END);
  rules[COMMAND.BLOCK_STATUS] = rule(REQ_ONE, false, ANY_LENGTH, READ_PAST_END);
  return rules;
})();

/** Why `request` is not carried out, or null. Not to be asked about DISC. */
export function refusalOf(request: WireRequest, terms: ExportTerms): Refusal | null {
  const rule = RULES[request.command];
  if (terms.shuttingDown) return SHUTTING_DOWN;
  if (rule === undefined) return COMMAND_UNKNOWN;
  const flagsKnown = terms.structuredReplies ? rule.flags : rule.flags & ~DF;
  if ((request.flags & ~flagsKnown) !== 0) return FLAG_UNKNOWN;
  if (rule.changesData && terms.readOnly) return READ_ONLY;
  if (request.command === COMMAND.FLUSH) {
    return request.offset === 0 && request.length === 0 ? null : FLUSH_OF_RANGE;
  }
  return rangeRefusal(request, rule, terms);
}

function rangeRefusal(request: WireRequest, rule: CommandRule, terms: ExportTerms): Refusal | null {
  if (request.length === 0) return RANGE_EMPTY;
  if (request.length > rule.lengthMax) {
    return (request.flags & DF) !== 0 ? TOO_LONG_WHOLE : TOO_LONG;
  }
  if (request.offset > terms.sizeBytes - request.length) return rule.pastEnd;
  if (request.command === COMMAND.BLOCK_STATUS && terms.metaContextCount === 0) return NO_CONTEXT;
  return null;
}
