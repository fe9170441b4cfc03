/**
 * One process at a time works on a mirror: STATE_DIR/NAME.lock, held with an open file description
 * lock and holding the words `PID PURPOSE`, for messages.
 *
 *   open ─▶ lock ─▶ still the file of that name? ─ yes ─▶ ours ─▶ write pid ─ … ─▶ unlink ─▶ close
 *            │ held                    │ no: its owner removed it meanwhile
 *            ▼                         ▼
 *      MIRROR_ACTIVE, MIRROR_BUSY    again
 *
 * The kernel drops the lock when the process ends, however it ends: a file left behind blocks nobody.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import { isLockedElsewhere, lockFile, whyNoLocks } from '../devices/file-locks.ts';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Places } from './places.ts';
import { activationLockPath, checkMirrorName, makeDirectory } from './places.ts';

const { O_RDWR, O_CREAT, O_NOFOLLOW, O_RDONLY } = constants;
const { EAGAIN } = os.constants.errno;

/** `activate` holds it as long as the mirror is active, `change` while files are written or removed. */
export type LockPurpose = 'activate' | 'change';

export interface MirrorLock {
  release(): void;
}

interface Holder {
  readonly pid: number | null;
  readonly purpose: LockPurpose;
}

/** Throws MIRROR_ACTIVE or MIRROR_BUSY, with the pid of who holds it. */
export function lockMirror(places: Places, name: string, purpose: LockPurpose): MirrorLock {
  checkMirrorName(name);
  makeDirectory(places.stateDir);
  const file = activationLockPath(places, name);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const fd = openLock(file);
    const outcome = lockFile(fd, 'write');
    if (outcome === 0 && isFileOfName(fd, file)) return held(fd, file, purpose);
    closeSync(fd);
    if (outcome === -EAGAIN) throw heldElsewhere(name, readHolder(file));
    if (outcome !== 0) throw cannotLock(file, outcome);
  }
  throw heldElsewhere(name, null);
}

/** Each further attempt means that an owner let go between our open and our lock. */
const ATTEMPTS_MAX = 100;

/** The process that has `name` activated: its pid, null if it has not said so yet; or nobody. */
export function whoActivated(places: Places, name: string): 'nobody' | { pid: number | null } {
  const file = activationLockPath(places, name);
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW);
  } catch {
    // No lock file, or one that we may not read: then the engine's socket is not for us either.
    return 'nobody';
  }
  try {
    if (!isLockedElsewhere(fd, 'read')) return 'nobody';
  } finally {
    closeSync(fd);
  }
  const holder = readHolder(file);
  return holder?.purpose === 'change' ? 'nobody' : { pid: holder?.pid ?? null };
}

function held(fd: number, file: string, purpose: LockPurpose): MirrorLock {
  ftruncateSync(fd, 0);
  writeSync(fd, `${process.pid} ${purpose}\n`, 0);
  let open = true;
  return {
    release: () => {
      invariant(open, `the lock ${file} is released twice`);
      open = false;
      // While we hold it, so that whoever locks this file next finds out that it is gone.
      if (isFileOfName(fd, file)) rmSync(file, { force: true });
      closeSync(fd);
    },
  };
}

function openLock(file: string): number {
  try {
    return openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const code = errno === 'EACCES' || errno === 'EPERM' ? 'NOT_PERMITTED' : 'STATE_WRITE_FAILED';
    const hint = 'choose another place with --state-dir DIR';
    throw new MirrorError(
      code,
      `cannot open ${file}: ${errno}`,
      { path: file, errno },
      hint,
      cause,
    );
  }
}

function isFileOfName(fd: number, file: string): boolean {
  const named = statSync(file, { throwIfNoEntry: false });
  const opened = fstatSync(fd);
  return named?.ino === opened.ino && named.dev === opened.dev;
}

function readHolder(file: string): Holder | null {
  try {
    const [, pid, purpose] = /^(\d+) (activate|change)\n/.exec(readFileSync(file, 'utf8')) ?? [];
    return pid === undefined ? null : { pid: Number(pid), purpose: purpose as LockPurpose };
  } catch {
    // Its holder let go just now; that it was held is all we can say.
    return null;
  }
}

function heldElsewhere(name: string, holder: Holder | null): MirrorError {
  const by = holder?.pid == null ? 'another process' : `process ${holder.pid}`;
  const facts = { mirror: name, ...(holder?.pid == null ? {} : { pid: holder.pid }) };
  if (holder?.purpose === 'change') {
    return new MirrorError('MIRROR_BUSY', `${by} is changing ${name}`, facts, 'try again');
  }
  const hint = `mirrorctl deactivate ${name} stops it`;
  return new MirrorError('MIRROR_ACTIVE', `${name} is active in ${by}`, facts, hint);
}

function cannotLock(file: string, outcome: number): MirrorError {
  const errno = Object.entries(os.constants.errno).find(([, value]) => value === -outcome)?.[0];
  const facts = { path: file, errno: errno ?? -outcome };
  const missing = whyNoLocks();
  const message = `cannot lock ${file}: ${missing?.reason ?? errno}`;
  const hint =
    missing?.hint ?? 'put the state directory on a file system that can lock, with --state-dir DIR';
  return new MirrorError('STATE_WRITE_FAILED', message, facts, hint);
}
