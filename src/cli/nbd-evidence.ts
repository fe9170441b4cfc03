/**
 * A log on an NBD export: what it takes to say everything about it is read at once, since whoever looks
 * at evidence wants to go back and forth in it.
 *
 *   nbd://HOST[:PORT]/EXPORT      nbd+unix:///EXPORT?socket=PATH
 */
import type { EvidenceFile } from '../devices/evidence-file.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { NbdAddress } from '../nbd-client/nbd-client.ts';

const NBD_PORT = 10809;
/** What every server takes in one request. */
const READ_BYTES_MAX = 1024 * 1024;
/** A server that says nothing for so long is not there. */
const SILENCE_MS_MAX = 10_000;

export interface NbdPlace {
  readonly address: NbdAddress;
  readonly exportName: string;
}

/** Null where it is no such URI. Throws USAGE where it is one that names no place. */
export function parseNbdUri(word: string): NbdPlace | null {
  if (!/^nbd(\+unix)?:\/\//.test(word)) return null;
  const url = URL.parse(word);
  const exportName = decodeURIComponent(url?.pathname.replace(/^\//, '') ?? '');
  if (url?.protocol === 'nbd:' && url.hostname !== '') {
    const port = url.port === '' ? NBD_PORT : Number(url.port);
    return { address: { host: url.hostname.replaceAll(/^\[|\]$/g, ''), port }, exportName };
  }
  const socket = url?.searchParams.get('socket') ?? '';
  if (url?.protocol === 'nbd+unix:' && socket !== '') {
    return { address: { path: socket }, exportName };
  }
  const hint = 'write nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH';
  throw new MirrorError('USAGE', `${word} names no NBD export`, { uri: word }, hint);
}

/**
 * The bytes from `offset` on that `wanted` asks for, once it has seen the first sector of them. Throws
 * NBD_CLIENT_FAILED.
 */
export async function readNbdEvidence(
  shown: string,
  { address, exportName }: NbdPlace,
  offset: number,
  wanted: (start: Uint8Array) => number,
): Promise<EvidenceFile> {
  const { NbdClient } = await import('../nbd-client/nbd-client.ts');
  const client = await inTime(NbdClient.connect(address, exportName), shown);
  try {
    const room = Math.max(0, client.sizeBytes - offset);
    const start = await inTime(readAll(client, offset, Math.min(SECTOR_BYTES, room)), shown);
    const length = Math.min(wanted(start), room);
    const bytes = await inTime(readAll(client, offset, length), shown);
    return {
      path: shown,
      sizeBytes: byteCount(client.sizeBytes),
      blockBytes: byteCount(SECTOR_BYTES),
      modifiedAtMs: null,
      read: (position, count) => {
        const from = position - offset;
        return from < 0 ? new Uint8Array() : bytes.subarray(from, from + count);
      },
      close: () => {},
    };
  } finally {
    client.close();
  }
}

interface Reader {
  read(offset: number, length: number): Promise<Uint8Array>;
}

async function readAll(client: Reader, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += READ_BYTES_MAX) {
    bytes.set(await client.read(offset + at, Math.min(READ_BYTES_MAX, length - at)), at);
  }
  return bytes;
}

async function inTime<Value>(work: Promise<Value>, shown: string): Promise<Value> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `${shown} has not answered for ${SILENCE_MS_MAX / 1000} seconds`;
    reject(
      new MirrorError('NBD_CLIENT_FAILED', message, { uri: shown }, 'see whether the server is up'),
    );
  }, SILENCE_MS_MAX);
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}
