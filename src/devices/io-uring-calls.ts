/**
 * The system calls of the io_uring data path, on plain addresses. Like libc.ts, but for memory that
 * native-memory.ts has mapped: an address there is a number, and a call costs a quarter of a
 * microsecond less than with a typed array as its argument.
 *
 * Results are the kernel's: a count, or the negative errno. A wrong signature fails silently here, so
 * each call has a test that looks at its effect.
 *
 * Numbers: Linux UAPI headers (asm-generic/unistd.h, mman.h, socket.h), the same on every machine
 * that libc.ts knows. The address space is 47 bits wide there, so an address is a safe integer.
 */
import { createRequire } from 'node:module';

type Call<Args extends readonly unknown[]> = (...args: Args) => number;

export interface RingCalls {
  setup(entries: number, parameters: Uint8Array): number;
  enter(fd: number, submit: number, complete: number, flags: number): number;
  register(fd: number, what: number, address: number, count: number): number;
  map(bytes: number, fd: number, offset: number): number;
  advise(address: number, bytes: number, advice: number): number;
  read(fd: number, address: number, bytes: number, position: number): number;
  write(fd: number, address: number, bytes: number, position: number): number;
  readVector(fd: number, vector: number, count: number, position: number, flags: number): number;
  /** `range`, `counts`: addresses of a struct cachestat_range and a struct cachestat. */
  cacheStat(fd: number, range: number, counts: number): number;
  send(socket: number, message: number, flags: number): number;
  /** Lets so many bytes be under way in a socket, or as many as this user may have. */
  setSendRoom(socket: number, bytes: number): number;
  /** `offset`: the address of a 64-bit position in `from`, or 0. */
  splice(from: number, offset: number, to: number, bytes: number, flags: number): number;
  /** `ends`: where to read, where to write. */
  pipe(ends: Int32Array): number;
  /** Returns how many bytes it holds then. */
  resizePipe(fd: number, bytes: number): number;
  shutdown(socket: number): number;
  /** Whoever else wants this processor has it first. */
  giveWay(): number;
  duplicate(fd: number): number;
  /** The memory at `address`, which must stay mapped for as long as this process lives. */
  view(address: number, bytes: number): ArrayBuffer;
  addressOf(bytes: Uint8Array): number;
  /** The descriptor on which this thread's event loop waits for everything. */
  loopDescriptor(): number;
}

const NR_SETUP = 425;
const NR_ENTER = 426;
const NR_REGISTER = 427;
const NR_CACHESTAT = 451;

const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED = 0x01;
const MAP_POPULATE = 0x8000;
const MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const O_CLOEXEC = 0o2000000;
const SHUT_RDWR = 2;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_SNDBUFFORCE = 32;

type Koffi = typeof import('koffi');

/** Null where koffi cannot be loaded, or this Node.js does not let its loop be found. */
export function ringCalls(): RingCalls | null {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    return callsOf(koffi);
  } catch {
    // The reason would be of no use: there is no ring, and `fs` takes over.
    return null;
  }
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one line for each call
function callsOf(koffi: Koffi): RingCalls {
  const library = koffi.load(null);
  const failed = (result: number) => (result < 0 ? -koffi.errno() : result);
  function call<Args extends readonly unknown[]>(
    name: string,
    returns: string,
    ...args: string[]
  ): Call<Args> {
    return library.func(name, returns, args) as unknown as Call<Args>;
  }
  type N = number;
  const setup = call<[N, N, Uint8Array]>('syscall', 'int', 'long', 'uint32_t', 'void *');
  const enter = call<[N, N, N, N, N, N, N]>(
    ...(['syscall', 'int', 'long', 'int', 'uint32_t', 'uint32_t', 'uint32_t'] as const),
    ...(['uintptr_t', 'size_t'] as const),
  );
  const register = call<[N, N, N, N, N]>(
    ...(['syscall', 'int', 'long', 'int', 'uint32_t', 'uintptr_t', 'uint32_t'] as const),
  );
  const mmap = call<[N, N, N, N, N, N]>(
    ...(['mmap', 'intptr_t', 'uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t'] as const),
  );
  const madvise = call<[N, N, N]>('madvise', 'int', 'uintptr_t', 'size_t', 'int');
  const pread = call<[N, N, N, N]>('pread', 'int64_t', 'int', 'uintptr_t', 'size_t', 'int64_t');
  const pwrite = call<[N, N, N, N]>('pwrite', 'int64_t', 'int', 'uintptr_t', 'size_t', 'int64_t');
  const preadv2 = call<[N, N, N, N, N]>(
    ...(['preadv2', 'int64_t', 'int', 'uintptr_t', 'int', 'int64_t', 'int'] as const),
  );
  const cachestat = call<[N, N, N, N, N]>(
    ...(['syscall', 'int', 'long', 'int', 'uintptr_t', 'uintptr_t', 'uint32_t'] as const),
  );
  const setsockopt = call<[N, N, N, Int32Array, N]>(
    ...(['setsockopt', 'int', 'int', 'int', 'int', 'void *', 'uint32_t'] as const),
  );
  const sendmsg = call<[N, N, N]>('sendmsg', 'int64_t', 'int', 'uintptr_t', 'int');
  const splice = call<[N, N, N, N, N, N]>(
    ...(['splice', 'int64_t', 'int', 'uintptr_t', 'int', 'uintptr_t', 'size_t', 'uint'] as const),
  );
  const pipe2 = call<[Int32Array, N]>('pipe2', 'int', 'void *', 'int');
  const shutdown = call<[N, N]>('shutdown', 'int', 'int', 'int');
  const schedYield = call<[]>('sched_yield', 'int');
  const fcntl = call<[N, N, N]>('fcntl', 'int', 'int', 'int', 'int');
  const loopOf = call<[unknown, BigUint64Array]>(
    'napi_get_uv_event_loop',
    'int',
    'void *',
    'void *',
  );
  const backendFd = call<[bigint]>('uv_backend_fd', 'int', 'uintptr_t');
  return {
    setup: (entries, parameters) => failed(setup(NR_SETUP, entries, parameters)),
    enter: (fd, submit, complete, flags) =>
      failed(enter(NR_ENTER, fd, submit, complete, flags, 0, 0)),
    register: (fd, what, address, count) => failed(register(NR_REGISTER, fd, what, address, count)),
    map: (bytes, fd, offset) => {
      const how = fd < 0 ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
      return failed(mmap(0, bytes, PROT_READ_WRITE, how, fd, offset));
    },
    advise: (address, bytes, advice) => failed(madvise(address, bytes, advice)),
    read: (fd, address, bytes, position) => failed(pread(fd, address, bytes, position)),
    write: (fd, address, bytes, position) => failed(pwrite(fd, address, bytes, position)),
    readVector: (fd, vector, count, position, flags) =>
      failed(preadv2(fd, vector, count, position, flags)),
    send: (socket, message, flags) => failed(sendmsg(socket, message, flags)),
    cacheStat: (fd, range, counts) => failed(cachestat(NR_CACHESTAT, fd, range, counts, 0)),
    setSendRoom: (socket, bytes) => {
      const value = Int32Array.of(bytes);
      const forced = setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, value, value.byteLength);
      if (forced === 0) return 0;
      return failed(setsockopt(socket, SOL_SOCKET, SO_SNDBUF, value, value.byteLength));
    },
    splice: (from, offset, to, bytes, flags) => failed(splice(from, offset, to, 0, bytes, flags)),
    pipe: (ends) => failed(pipe2(ends, O_CLOEXEC)),
    resizePipe: (fd, bytes) => failed(fcntl(fd, F_SETPIPE_SZ, bytes)),
    shutdown: (socket) => failed(shutdown(socket, SHUT_RDWR)),
    giveWay: () => failed(schedYield()),
    duplicate: (fd) => failed(fcntl(fd, F_DUPFD_CLOEXEC, 0)),
    view: (address, bytes) => koffi.view(BigInt(address), bytes),
    addressOf: (bytes) => Number(koffi.address(bytes)),
    loopDescriptor: () => {
      const loop = new BigUint64Array(1);
      if (loopOf(koffi.node.env, loop) !== 0) return -1;
      return backendFd(loop[0] ?? 0n);
    },
  };
}
