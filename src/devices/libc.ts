/**
 * The system calls that Node.js lacks, as functions of the C library, reached through koffi.
 *
 * A wrong signature here fails silently: the kernel takes whatever lies in the register. So every
 * call has a test that looks at its effect on a real file, above 4 GiB too. The rest of the house
 * does not use this file but the three that give the calls their meaning: file-calls.ts,
 * file-locks.ts and block-calls.ts.
 *
 * Where koffi cannot be loaded (no prebuilt library for this machine, a 32-bit one, whose C library
 * has other signatures), or a function is missing from the C library, the call fails with ENOSYS.
 * That is no special case for anyone: a kernel may answer the same.
 */
import { createRequire } from 'node:module';
import os from 'node:os';

export type CallEnded = (cause: unknown, result: number) => void;

/** The functions as C has them: -1 is a failure, and `errno()` then tells why. */
export interface Libc {
  /** Why every other function here only fails with ENOSYS; null: they are there. */
  readonly absence: string | null;
  /** Why the last call failed; must be asked right after it, or first of all in `CallEnded`. */
  errno(): number;
  /** The address of the first byte of `bytes`; good as long as the caller holds on to `bytes`. */
  address(bytes: Uint8Array): bigint;
  readonly pread: (fd: number, into: Uint8Array, size: number, position: number) => number;
  readonly pwrite: (fd: number, from: Uint8Array, size: number, position: number) => number;
  readonly preadv2: (
    fd: number,
    pieces: BigUint64Array,
    count: number,
    position: number,
    flags: number,
  ) => number;
  readonly lseek: (fd: number, position: number, whence: number) => number;
  readonly fallocate: Deferrable<
    (fd: number, mode: number, offset: number, length: number) => number
  >;
  readonly fadvise: Deferrable<
    (fd: number, offset: number, length: number, advice: number) => number
  >;
  readonly statx: (
    fd: number,
    path: string,
    flags: number,
    mask: number,
    into: Uint8Array,
  ) => number;
  readonly fcntl: (fd: number, command: number, argument: Uint8Array) => number;
  readonly ioctl: (fd: number, request: number, argument: Uint8Array) => number;
}

/** `async` runs the call in libuv's thread pool; its arguments are numbers, so nothing is lent. */
type Deferrable<Call extends (...args: never[]) => number> = Call & {
  readonly async: (...args: [...Parameters<Call>, CallEnded]) => void;
};

const SIGNATURES = {
  pread: 'int64_t pread(int, void *, size_t, int64_t)',
  pwrite: 'int64_t pwrite(int, const void *, size_t, int64_t)',
  preadv2: 'int64_t preadv2(int, const void *, int, int64_t, int)',
  lseek: 'int64_t lseek(int, int64_t, int)',
  fallocate: 'int fallocate(int, int, int64_t, int64_t)',
  fadvise: 'int posix_fadvise(int, int64_t, int64_t, int)',
  statx: 'int statx(int, const char *, int, unsigned int, void *)',
  fcntl: 'int fcntl(int, int, void *)',
  ioctl: 'int ioctl(int, unsigned long, void *)',
} as const;

/** 64-bit, little-endian, with the generic numbering of ioctls: the signatures above hold. */
const KNOWN_MACHINES: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

let loaded: Libc | null = null;

/** Loads koffi at the first call, so that commands which touch no device do not pay for it. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  const koffi = koffiOfThisMachine();
  if (typeof koffi === 'string') {
    const missing = () => notThere(() => {});
    const calls = Object.keys(SIGNATURES).map((name) => [name, missing()]);
    const facts = { absence: koffi, errno: () => os.constants.errno.ENOSYS, address: () => 0n };
    return { ...facts, ...Object.fromEntries(calls) };
  }
  const library = koffi.load(null);
  const calls = Object.entries(SIGNATURES).map(([name, signature]) => {
    try {
      return [name, library.func(signature)];
    } catch {
      // This C library is older than the function.
      return [name, notThere(() => koffi.errno(os.constants.errno.ENOSYS))];
    }
  });
  const facts = { absence: null, errno: () => koffi.errno(), address: koffi.address };
  return { ...facts, ...Object.fromEntries(calls) };
}

/** Or why there is none. */
function koffiOfThisMachine(): typeof import('koffi') | string {
  if (process.platform !== 'linux' || !KNOWN_MACHINES.includes(process.arch)) {
    return `${process.platform} on ${process.arch} is not among ${KNOWN_MACHINES.join(', ')} Linux`;
  }
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (cause) {
    const [why = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    return `koffi cannot be loaded: ${why}`;
  }
}

/** A function that fails as a kernel without it would. */
function notThere(setErrno: () => void) {
  const call = () => {
    setErrno();
    return -1;
  };
  const later = (...args: unknown[]) => {
    const ended = args.at(-1) as CallEnded;
    queueMicrotask(() => ended(null, call()));
  };
  return Object.assign(call, { async: later });
}
