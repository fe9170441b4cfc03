/**
 * One read, write or flush of a device on its way through the ring. A short count is continued; the
 * last byte, an error or the end of the device ends it.
 *
 * Transfers are used again: a device in steady use makes no new ones.
 */
import os from 'node:os';
import { invariant } from '../errors/invariant.ts';
import { ioError, ioErrorOfErrno } from './io-error.ts';
import type { Completion, IoUring } from './io-uring.ts';
import { BY_KERNEL_THREAD, OPERATION } from './io-uring.ts';
import type { Done, IoError } from './leg-io.ts';

const FSYNC_DATASYNC = 1;
const { EINTR, EAGAIN } = os.constants.errno;

type Verb = 'read' | 'write' | 'flush';

/** What a device's transfers have in common. */
export interface TransferDevice {
  readonly ring: IoUring;
  readonly path: string;
  readonly idle: Transfer[];
  /** A transfer has ended; there is room for another. */
  ended(): void;
}

export interface Range {
  readonly address: number;
  readonly length: number;
  readonly position: number;
}

export interface Manner {
  /** Of the operation: RWF_… */
  readonly flags: number;
  /** Not by the thread that submits it. */
  readonly aside: boolean;
}

export class Transfer implements Completion {
  readonly #device: TransferDevice;
  readonly #who: number;
  #verb: Verb = 'flush';
  #fd = -1;
  #address = 0;
  #length = 0;
  #position = 0;
  #flags = 0;
  #operation = 0;
  #done: Done | null = null;

  constructor(device: TransferDevice) {
    this.#device = device;
    this.#who = device.ring.enlist(this);
  }

  /** `range.address` stays valid until `done`. */
  begin(verb: 'read' | 'write', fd: number, range: Range, manner: Manner, done: Done): void {
    this.#verb = verb;
    this.#operation = OPERATIONS[verb] | (manner.aside ? BY_KERNEL_THREAD : 0);
    this.#fd = fd;
    this.#address = range.address;
    this.#length = range.length;
    this.#position = range.position;
    this.#flags = manner.flags;
    this.#done = done;
    this.#submit();
  }

  beginFlush(fd: number, done: Done): void {
    this.#verb = 'flush';
    this.#operation = OPERATION.FSYNC;
    this.#fd = fd;
    this.#address = 0;
    this.#length = 0;
    this.#position = 0;
    this.#flags = FSYNC_DATASYNC;
    this.#done = done;
    this.#submit();
  }

  completed(result: number): void {
    if (result === -EINTR || result === -EAGAIN) {
      this.#submit();
    } else if (result < 0) {
      this.#end(ioErrorOfErrno(result, this.#attempt()));
    } else if (result === this.#length) {
      this.#end(null);
    } else if (result === 0) {
      this.#end(ioError('EIO', `${this.#attempt()}: the device ends there`));
    } else {
      this.#address += result;
      this.#position += result;
      this.#length -= result;
      this.#submit();
    }
  }

  #submit(): void {
    const { ring } = this.#device;
    ring.put(
      this.#operation,
      this.#fd,
      this.#position,
      this.#address,
      this.#length,
      this.#flags,
      this.#who,
    );
  }

  #end(error: IoError | null): void {
    const done = this.#done;
    invariant(done !== null, 'a transfer ends once');
    this.#done = null;
    this.#device.idle.push(this);
    this.#device.ended();
    done(error);
  }

  #attempt(): string {
    const place = this.#verb === 'flush' ? '' : ` at byte ${this.#position}`;
    return `${this.#device.path}: ${this.#verb}${place}`;
  }
}

const OPERATIONS = { read: OPERATION.READ, write: OPERATION.WRITE } as const;
