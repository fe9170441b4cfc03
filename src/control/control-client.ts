/**
 * Asks the running engine one thing over its unix socket: one line out, one line back.
 *
 * Shell room: this file may block, time out and fail. Every failure leaves as a `MirrorError`, so
 * nothing above it needs to know about errno.
 */
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import path from 'node:path';
import { decodeAnswer, encodeRequest } from '../control-protocol/control-message.ts';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import { CONTROL_ANSWER_BYTES_MAX } from '../control-protocol/control-request.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { LineBuffer } from './line-buffer.ts';

/** The last two: a path that is too long for a socket, so that no engine can ever have served it. */
const NOBODY_LISTENS = new Set(['ENOENT', 'ECONNREFUSED', 'EINVAL', 'ENAMETOOLONG']);

/** Throws what the engine throws, ENGINE_UNREACHABLE, NOT_PERMITTED or ENGINE_REPLY_MALFORMED. */
export async function askEngine(
  socketPath: string,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer> {
  const socket = createConnection(socketPath);
  try {
    return decodeAnswer(await oneLine(socket, encodeRequest(request), timeoutMs));
  } catch (error) {
    throw error instanceof MirrorError ? error : unreachable(socketPath, error, timeoutMs);
  } finally {
    socket.destroy();
  }
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

function oneLine(socket: Socket, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const incoming = new LineBuffer(CONTROL_ANSWER_BYTES_MAX);
    const timer = setTimeout(() => reject(new NoAnswer('timeout')), timeoutMs);
    const giveUp = (reason: unknown) => {
      clearTimeout(timer);
      reject(reason);
    };
    socket.once('error', giveUp);
    socket.once('close', () => giveUp(new NoAnswer('closed')));
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      try {
        const [line] = incoming.push(chunk);
        if (line === undefined) return;
        clearTimeout(timer);
        resolve(line);
      } catch (cause) {
        const message = `the engine's answer is longer than ${CONTROL_ANSWER_BYTES_MAX} bytes`;
        giveUp(new MirrorError('ENGINE_REPLY_MALFORMED', message, {}, '', cause));
      }
    });
  });
}

function unreachable(socketPath: string, cause: unknown, timeoutMs: number): MirrorError {
  const name = path.basename(socketPath, '.control');
  const errno = (cause as NodeJS.ErrnoException).code;
  if (errno === 'EACCES' || errno === 'EPERM') {
    const message = `not allowed to talk to the engine of ${name}`;
    const hint = 'ask as the user who activated it';
    return new MirrorError('NOT_PERMITTED', message, { path: socketPath }, hint, cause);
  }
  if (cause instanceof NoAnswer) {
    const message = `the engine of ${name} does not answer (${cause.message}, ${timeoutMs} ms)`;
    const hint = 'see whether its process hangs on a leg';
    return new MirrorError('ENGINE_UNREACHABLE', message, { path: socketPath }, hint, cause);
  }
  const nobody = errno === undefined || NOBODY_LISTENS.has(errno);
  const message = nobody
    ? `no engine runs for ${name}`
    : `cannot reach the engine of ${name}: ${errno}`;
  const hint = `mirrorctl activate ${name} starts it`;
  return new MirrorError('ENGINE_UNREACHABLE', message, { path: socketPath }, hint, cause);
}
