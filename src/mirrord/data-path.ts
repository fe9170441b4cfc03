/**
 * How the bytes of one mirror travel between clients, legs and log, chosen once at the start, while
 * legs and log may come and go:
 *
 *   uring   everything in one ring of the worker's thread     Linux 6.1 or later, where it is allowed
 *   fs      sockets of Node, plain system calls, libuv's pool everywhere else
 *
 * Same verbs, same order, same failures; the engine and the sessions do not know which one it is.
 */
import { getSystemErrorName } from 'node:util';
import type { IoName } from '../control-protocol/mirror-status.ts';
import { FsBackend } from '../devices/fs-backend.ts';
import type { InjectedFault } from '../devices/injected-fault.ts';
import { IoUring } from '../devices/io-uring.ts';
import type { RingCalls } from '../devices/io-uring-calls.ts';
import { ringCalls } from '../devices/io-uring-calls.ts';
import type { LegIo, LogIo } from '../devices/leg-io.ts';
import { NativeMemory } from '../devices/native-memory.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import type { RingLeg } from '../devices/ring-backend.ts';
import { RingBackend } from '../devices/ring-backend.ts';
import { SendMessage } from '../devices/ring-connection.ts';
import { RingLoop } from '../devices/ring-loop.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Carrier } from '../nbd-server/carrier.ts';
import { RingCarrier } from '../nbd-server/ring-transport.ts';
import { SocketCarrier } from '../nbd-server/socket-transport.ts';

/** What the owner wants. */
export interface IoChoice {
  readonly backend: 'auto' | IoName;
  /** Past the page cache, where the ring can. */
  readonly direct: boolean;
  /** An operation on a leg or the log that takes longer has failed. */
  readonly timeoutMs: number;
  /** Recovery reads what the targets hold, and writes only what differs. */
  readonly comparesCopies: boolean;
  readonly faults: readonly InjectedFault[];
}

export type Backend = LegIo & LogIo;

export interface DataPath {
  readonly name: IoName;
  /** For people: why this one. */
  readonly reason: string;
  /** One for each table. */
  backendOver(legs: readonly RingLeg[], log: OpenDevice | null): Backend;
  readonly carrier: Carrier;
  /** A timer of Node is due in `delayMs`. */
  timerSet(delayMs: number): void;
  /** No request is in flight any more. */
  close(): void;
}

/** Submission entries; more requests than this at once are submitted in several calls. */
const RING_ENTRIES = 1024;

/** Throws IO_UNAVAILABLE when the owner insists on what is not to be had. */
export function openDataPath(
  { backend, direct }: Pick<IoChoice, 'backend' | 'direct'>,
  calls: RingCalls | null = ringCalls(),
): DataPath {
  if (backend === 'fs') return overFs('--io fs');
  const ring = overRing(calls, direct);
  if (typeof ring !== 'string') return ring;
  if (backend === 'auto' && !direct) return overFs(ring);
  throw new MirrorError(
    'IO_UNAVAILABLE',
    `io_uring cannot be used: ${ring}`,
    {},
    'leave --io and --direct out, or run where io_uring is allowed (Linux 6.1 or later)',
  );
}

function overFs(reason: string): DataPath {
  return {
    name: 'fs',
    reason,
    backendOver: (legs, log) => new FsBackend(legs, log),
    carrier: new SocketCarrier(),
    timerSet: () => {},
    close: () => {},
  };
}

/** The data path, or why there is none. */
function overRing(calls: RingCalls | null, direct: boolean): DataPath | string {
  if (calls === null) return 'the system calls cannot be reached (no koffi for this machine)';
  const ring = IoUring.open(calls, RING_ENTRIES);
  if (typeof ring === 'number') return refusalWords(ring);
  const memory = new NativeMemory(calls);
  const loop = new RingLoop(ring, calls, memory);
  loop.start();
  const carrier = new RingCarrier({ loop, calls, memory, message: new SendMessage(memory) });
  return {
    name: 'uring',
    reason: direct ? 'io_uring, past the page cache' : 'io_uring',
    backendOver: (legs, log) => new RingBackend({ ring, calls, memory }, legs, log),
    carrier,
    timerSet: (delayMs) => loop.visitWithin(delayMs),
    close: () => {
      loop.stop();
      carrier.pipes.close();
      ring.close();
    },
  };
}

function refusalWords(errno: number): string {
  const name = getSystemErrorName(errno);
  if (name === 'EINVAL') return 'this kernel is older than Linux 6.1';
  if (name === 'EPERM') return 'not permitted here (kernel.io_uring_disabled, or a sandbox)';
  return name === 'ENOSYS' ? 'this kernel has none' : `refused with ${name}`;
}
