/**
 * A unix socket's life as a name in a directory, which the socket itself knows nothing of.
 *
 *   bind  m0.nbd.3f2a9c ──chmod 0600──▶ link m0.nbd ──▶ unlink m0.nbd.3f2a9c
 *
 * The socket gets its final name only when it listens and nobody else may connect, and only where
 * there is nothing: link(2) fails rather than take a name away. What closes a socket removes the
 * name it was bound to; that one is gone by then, so the final name is ours to remove, if it still
 * is our socket.
 *
 * A socket nobody listens on is what a crash has left behind, and is replaced.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { MirrorError } from '../errors/mirror-error.ts';

/** unix(7): sun_path is 108 bytes with its final zero. */
const PATH_BYTES_MAX = 107;

/** Tells one file from another that has taken its name. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Where to bind a socket that is to be called `socketPath`; throws if that is no name for one. */
export function bindingPathOf(socketPath: string): string {
  const bindingPath = `${socketPath}.${randomBytes(3).toString('hex')}`;
  const bytes = Buffer.byteLength(bindingPath);
  if (bytes <= PATH_BYTES_MAX) return bindingPath;
  const bytesMax = PATH_BYTES_MAX - (bytes - Buffer.byteLength(socketPath));
  throw new MirrorError(
    'LISTEN_FAILED',
    `${socketPath} is too long for a socket: at most ${bytesMax} bytes`,
    { path: socketPath, bytesMax },
    'choose a shorter path with --listen unix:PATH or --state-dir',
  );
}

/** Gives the socket that listens at `bindingPath` its name; `bindingPath` is gone afterwards. */
export async function publishSocket(
  bindingPath: string,
  socketPath: string,
): Promise<FileIdentity> {
  try {
    chmodSync(bindingPath, 0o600);
    const { dev, ino } = lstatSync(bindingPath, { bigint: true });
    await linkReplacingOrphan(bindingPath, socketPath);
    return { dev, ino };
  } finally {
    unlinkSync(bindingPath);
  }
}

/** Removes the name of a socket of ours, unless it is somebody else's by now. */
export function withdrawSocket(socketPath: string, ours: FileIdentity): void {
  const found = lstatSync(socketPath, { bigint: true, throwIfNoEntry: false });
  if (found?.dev === ours.dev && found.ino === ours.ino) unlinkSync(socketPath);
}

async function linkReplacingOrphan(bindingPath: string, socketPath: string): Promise<void> {
  if (linkIfFree(bindingPath, socketPath)) return;
  if (await isOrphan(socketPath)) unlinkSync(socketPath);
  if (linkIfFree(bindingPath, socketPath)) return;
  throw new MirrorError(
    'LISTEN_FAILED',
    `${socketPath} is already there, and not a socket that a crash has left behind`,
    { path: socketPath },
    'see what is using it, or listen somewhere else',
  );
}

function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    // Somebody has the name; every other failure is the caller's to report.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A socket that refuses connections: its process is gone. */
function isOrphan(socketPath: string): Promise<boolean> {
  if (!lstatSync(socketPath, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = connect({ path: socketPath });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
