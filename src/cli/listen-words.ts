/** `unix:PATH` and `tcp:HOST:PORT`: where an NBD server shall listen. */
import { isIP } from 'node:net';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ListenAddress } from '../nbd-protocol/listen-address.ts';

const PORT_MAX = 65_535;
const TCP = /^tcp:(?:\[([^\]]+)\]|([^:]+)):(\d+)$/;

/** Throws USAGE. TCP stays on this machine: NBD without TLS trusts everybody who can connect. */
export function parseListen(text: string, cwd: string): ListenAddress {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) {
    return { unix: path.resolve(cwd, text.slice('unix:'.length)) };
  }
  const [, six, four, digits] = TCP.exec(text) ?? [];
  const host = six ?? four;
  const port = Number(digits);
  if (host === undefined || port > PORT_MAX) {
    const hint = 'write unix:PATH or tcp:127.0.0.1:10809';
    throw new MirrorError('USAGE', `--listen ${text} is no address`, { value: text }, hint);
  }
  if (!isLoopback(host)) {
    const hint = 'listen on 127.0.0.1 and bring clients in through an encrypted tunnel';
    throw new MirrorError(
      'NOT_PERMITTED',
      `--listen ${text}: an address beyond this machine needs TLS, which is not offered`,
      { value: text },
      hint,
    );
  }
  return { host, port };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
