/** How long the path of a unix socket may be: `sun_path` has 108 bytes, the last one is its end. */
import { MirrorError } from '../errors/mirror-error.ts';

const SOCKET_PATH_BYTES_MAX = 107;

/** A longer path would be cut off or refused by the kernel, without a word about why. */
export function checkSocketPath(socketPath: string): void {
  const length = Buffer.byteLength(socketPath);
  if (length <= SOCKET_PATH_BYTES_MAX) return;
  const message = `${socketPath} is ${length} bytes long, a socket's path at most ${SOCKET_PATH_BYTES_MAX}`;
  const hint = 'choose a shorter directory with --state-dir DIR, or a shorter name';
  throw new MirrorError('LISTEN_FAILED', message, { path: socketPath, length }, hint);
}
