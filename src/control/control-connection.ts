/**
 * A connection to a running engine that stays: for screens that ask many times a second. Answers come
 * in the order of the questions.
 *
 * When it breaks, every question under way and every later one fails with ENGINE_UNREACHABLE; whoever
 * wants to go on opens another one. See control-client.ts for a single question.
 */
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { decodeAnswer, encodeRequest } from '../control-protocol/control-message.ts';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import { CONTROL_ANSWER_BYTES_MAX } from '../control-protocol/control-request.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { LineBuffer } from './line-buffer.ts';

interface Question {
  readonly resolve: (answer: ControlAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export class ControlConnection {
  readonly #name: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #incoming = new LineBuffer(CONTROL_ANSWER_BYTES_MAX);
  readonly #questions: Question[] = [];
  #broken: MirrorError | null = null;

  /** `name` is the mirror's, for messages. Whether anyone listens shows with the first question. */
  constructor(socketPath: string, name: string, timeoutMs: number) {
    this.#name = name;
    this.#timeoutMs = timeoutMs;
    this.#socket = createConnection(socketPath);
    this.#socket.on('data', (chunk) => this.#hear(chunk));
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#break(error.code ?? '', error),
    );
    this.#socket.on('close', () => this.#break('it has closed the connection', null));
  }

  ask(request: ControlRequest): Promise<ControlAnswer> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const { promise, resolve, reject } = Promise.withResolvers<ControlAnswer>();
    const late = () => this.#break(`no answer within ${this.#timeoutMs} ms`, null);
    // Draining a mirror takes as long as it takes.
    const patience = request.ask === 'deactivate' ? 2 ** 31 - 1 : this.#timeoutMs;
    this.#questions.push({ resolve, reject, timer: setTimeout(late, patience) });
    this.#socket.write(encodeRequest(request));
    return promise;
  }

  close(): void {
    this.#break('closed', null);
  }

  #hear(chunk: Buffer): void {
    try {
      for (const line of this.#incoming.push(chunk)) this.#answer(line);
    } catch (error) {
      this.#break('its answer is too long', error);
    }
  }

  #answer(line: string): void {
    const question = this.#questions.shift();
    if (question === undefined) return;
    clearTimeout(question.timer);
    try {
      question.resolve(decodeAnswer(line));
    } catch (error) {
      question.reject(error);
    }
  }

  #break(why: string, cause: unknown): void {
    if (this.#broken !== null) return;
    const name = this.#name;
    const nobody = why === 'ENOENT' || why === 'ECONNREFUSED';
    const message = nobody ? `no engine runs for ${name}` : `lost the engine of ${name}: ${why}`;
    const hint = `mirrorctl activate ${name} starts it`;
    this.#broken = new MirrorError('ENGINE_UNREACHABLE', message, { mirror: name }, hint, cause);
    this.#socket.destroy();
    for (const { reject, timer } of this.#questions.splice(0)) {
      clearTimeout(timer);
      reject(this.#broken);
    }
  }
}
