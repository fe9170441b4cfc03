/** Logs on NBD exports, and logs that change while they are read. */

import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseNbdUri } from '../../src/cli/nbd-evidence.ts';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { openPath } from '../nbd-server/data-paths.ts';
import { MemoryMirror } from '../nbd-server/memory-mirror.ts';
import { LogBench } from './log-bench.ts';

const MIB = 1 << 20;

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
});
afterEach(() => bench.remove());

describe('a log on an export', () => {
  const path = openPath('fs');
  let listener: NbdListener;
  let uri = '';

  beforeEach(async () => {
    const mirror = new MemoryMirror({ sizeBytes: 2 * MIB + 512, readOnly: true });
    const log = fs.readFileSync(bench.kernelLog('dirty-inflight-crash'));
    log.copy(mirror.bytes, 0);
    log.copy(mirror.bytes, MIB);
    mirror.bytes[1024] = 0xff;
    listener = new NbdListener(mirror, () => {}, path.carrier);
    uri = await listener.listen({ unix: bench.at('socket') });
  });
  afterEach(async () => {
    await listener.close(1_000);
  });

  test('is dumped from its start, or from an offset on', async () => {
    const whole = await bench.json('dump', uri, '--size', '64m');
    expect(whole.report).toMatchObject({ path: uri, regionCount: 128, dirtyRegions: 7 });
    const inside = await bench.json('dump', `${uri}@1m`);
    expect(inside.report).toMatchObject({ regionCount: 128, dirtyRegions: 8 });
    expect((await bench.json('verify', uri)).code).toBe(0);
  });

  test('ends where the export ends', async () => {
    const { report } = await bench.json('verify', `${uri}@2m`);
    expect(report.findings[0]).toMatchObject({ id: 'LOG_EMPTY' });
    expect((await bench.json('verify', `${uri}@3m`)).report.findings[0].id).toBe('LOG_TRUNCATED');
  });

  test('cannot be changed', async () => {
    const { code, aside } = await bench.log('edit', uri, '--set-dirty', '1', '--yes');
    expect([code, aside]).toEqual([64, expect.stringContaining('cannot be changed')]);
  });

  test('of another name is not there', async () => {
    const { code, aside } = await bench.log('dump', uri.replace('/m0?', '/other?'));
    expect([code, aside]).toEqual([74, expect.stringContaining('[NBD_CLIENT_FAILED]')]);
  });
});

test('a server that does not listen, or hangs up, is told', async () => {
  const socket = bench.at('socket');
  const dump = () => bench.log('dump', `nbd+unix:///m0?socket=${socket}`);
  expect((await dump()).aside).toContain('[NBD_CLIENT_FAILED]');
  const server = net.createServer((connection) => connection.destroy()).listen(socket);
  await once(server, 'listening');
  expect((await dump()).code).toBe(74);
  server.close();
});

test('a server that says nothing is not waited for without end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const connections: net.Socket[] = [];
  const server = net.createServer((connection) => connections.push(connection));
  server.listen(bench.at('socket'));
  await once(server, 'listening');
  const dump = bench.log('dump', `nbd+unix:///m0?socket=${bench.at('socket')}`);
  await once(server, 'connection');
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await dump).aside).toContain('has not answered for 10 seconds');
  vi.useRealTimers();
  for (const connection of connections) connection.destroy();
  server.close();
});

describe('a URI', () => {
  test.each([
    ['nbd://host/m0', { address: { host: 'host', port: 10809 }, exportName: 'm0' }],
    ['nbd://host:1234', { address: { host: 'host', port: 1234 }, exportName: '' }],
    ['nbd://[::1]:99/a%20b', { address: { host: '::1', port: 99 }, exportName: 'a b' }],
    ['nbd+unix:///m0?socket=/run/m0', { address: { path: '/run/m0' }, exportName: 'm0' }],
    ['m0.log', null],
    ['/srv/nbd://x', null],
  ])('%s', (word, place) => {
    expect(parseNbdUri(word)).toEqual(place);
  });

  test.each(['nbd:///m0', 'nbd+unix:///m0', 'nbd+unix:///m0?sock=/x', 'nbd://'])(
    '%s names no place',
    (word) => {
      expect(() => parseNbdUri(word)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});
