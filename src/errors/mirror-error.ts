/**
 * Expected failures, each with a stable code, the facts needed to act on it, and one exit code.
 *
 * The code is the contract: scripts match on it (`--json` prints it), tests assert on it, messages
 * may be reworded at any time. To add a failure, add a line to `EXIT_CODE_OF`: the compiler then
 * points at every exhaustive `switch` that must learn about it.
 *
 * The message names the place and what is wrong there; the hint is the next step a person can take.
 */

/** Process exit codes; 64 and up follow sysexits(3), so that they never collide with a signal. */
export const EXIT = {
  ok: 0,
  /** The question was answered, and the answer is "not healthy" (as fsck and grep do). */
  findings: 1,
  usage: 64,
  badData: 65,
  noInput: 66,
  engineUnavailable: 69,
  invariantBroken: 70,
  cannotCreate: 73,
  ioFailed: 74,
  tryAgain: 75,
  notPermitted: 77,
  badConfig: 78,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODE_OF = {
  USAGE: EXIT.usage,
  SIZE_MALFORMED: EXIT.usage,
  NAME_MALFORMED: EXIT.usage,
  CONFIRMATION_NEEDED: EXIT.usage,
  NOT_A_TERMINAL: EXIT.usage,

  LOG_TRUNCATED: EXIT.badData,
  LOG_MAGIC_MISSING: EXIT.badData,
  LOG_VERSION_UNSUPPORTED: EXIT.badData,
  LOG_REGION_COUNT_UNSAFE: EXIT.badData,
  LOG_GEOMETRY_MISMATCH: EXIT.badData,
  LOG_TOO_SMALL: EXIT.badData,
  TABLE_MALFORMED: EXIT.badData,
  LVM_NOT_FOUND: EXIT.badData,
  LVM_UNMAPPABLE: EXIT.badData,
  GEOMETRY_INVALID: EXIT.badData,
  ENGINE_REPLY_MALFORMED: EXIT.badData,
  CONTROL_REQUEST_MALFORMED: EXIT.badData,

  LEG_NOT_FOUND: EXIT.noInput,
  LOG_NOT_FOUND: EXIT.noInput,
  MIRROR_UNKNOWN: EXIT.noInput,
  REGION_UNKNOWN: EXIT.noInput,
  CHECK_UNKNOWN: EXIT.noInput,

  ENGINE_UNREACHABLE: EXIT.engineUnavailable,

  CANNOT_CREATE: EXIT.cannotCreate,
  MIRROR_EXISTS: EXIT.cannotCreate,
  LEG_TOO_SMALL: EXIT.cannotCreate,
  LEG_GIVEN_TWICE: EXIT.cannotCreate,

  LEG_READ_FAILED: EXIT.ioFailed,
  LEG_WRITE_FAILED: EXIT.ioFailed,
  LEG_FLUSH_FAILED: EXIT.ioFailed,
  LEG_UNUSABLE: EXIT.ioFailed,
  LOG_READ_FAILED: EXIT.ioFailed,
  LOG_WRITE_FAILED: EXIT.ioFailed,
  STATE_WRITE_FAILED: EXIT.ioFailed,
  IO_UNAVAILABLE: EXIT.notPermitted,
  LISTEN_FAILED: EXIT.ioFailed,
  NBD_CLIENT_FAILED: EXIT.ioFailed,

  MIRROR_ACTIVE: EXIT.tryAgain,
  MIRROR_BUSY: EXIT.tryAgain,
  LEG_LOCKED: EXIT.tryAgain,
  LEG_NEEDED: EXIT.tryAgain,
  LOG_LOCKED: EXIT.tryAgain,
  WAIT_TIMED_OUT: EXIT.tryAgain,
  CHECK_UNFINISHED: EXIT.tryAgain,

  NOT_PERMITTED: EXIT.notPermitted,

  REGISTRY_INVALID: EXIT.badConfig,
  DEFINITION_CONTRADICTS: EXIT.badConfig,

  PROMISE_BROKEN: EXIT.invariantBroken,

  INTERRUPTED: EXIT.interrupted,
} as const satisfies Record<string, ExitCode>;
export type MirrorErrorCode = keyof typeof EXIT_CODE_OF;

/** What the reader needs to find the place: paths, sectors, found and wanted values. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>;

export class MirrorError<Code extends MirrorErrorCode = MirrorErrorCode> extends Error {
  override readonly name = 'MirrorError';
  readonly code: Code;
  readonly facts: ErrorFacts;
  /** The next step, as a person would say it; empty where the message says it all. */
  readonly hint: string;

  constructor(code: Code, message: string, facts: ErrorFacts = {}, hint = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
    this.hint = hint;
  }

  get exitCode(): ExitCode {
    return EXIT_CODE_OF[this.code];
  }
}

/**
 * What the pure rooms return when failure is part of the job. A forensics run decodes a hundred
 * broken images and must report each one, so a rejected image is a value there, not a throw.
 */
export type Result<Value, Failure extends MirrorError> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

export const accept = <Value>(value: Value) => ({ ok: true, value }) as const;
export const reject = <Failure extends MirrorError>(error: Failure) =>
  ({ ok: false, error }) as const;
