/**
 * The clients that people have, against a mirror in memory, over every data path: libnbd's nbdinfo
 * and nbdcopy, and qemu-img. One that is not installed is skipped, and the reason is printed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DataPath } from '../../src/mirrord/data-path.ts';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { DATA_PATHS, openPath } from './data-paths.ts';
import { MemoryMirror } from './memory-mirror.ts';

const SIZE = 8 * 1024 * 1024;

const mirror = new MemoryMirror({ sizeBytes: SIZE });
let path: DataPath;
let listener: NbdListener;
let directory: string;
let unixUri: string;
let tcpUri: string;

const without = {
  nbdinfo: await lacks('nbdinfo'),
  nbdcopy: await lacks('nbdcopy'),
  'qemu-img': await lacks('qemu-img'),
};

describe.each(DATA_PATHS)('over %s', (backend) => {
  beforeAll(async () => {
    path = openPath(backend);
    listener = new NbdListener(mirror, () => {}, path.carrier);
    directory = mkdtempSync(join(tmpdir(), 'nbd-clients-'));
    unixUri = await listener.listen({ unix: join(directory, 'm0.nbd') });
    tcpUri = await listener.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await listener.close(0);
    path.close();
    rmSync(directory, { recursive: true });
  });

  describe.skipIf(without.nbdinfo)('nbdinfo', nbdinfoUnderstands);
  describe.skipIf(without.nbdcopy)('nbdcopy', nbdcopyCopies);
  describe.skipIf(without['qemu-img'])('qemu-img', qemuImgConverts);
});

const run = (tool: string, ...args: string[]) => execa(tool, args);

async function lacks(tool: string): Promise<boolean> {
  const found = await execa(tool, ['--version'], { reject: false });
  if (found.failed) process.stdout.write(`skipped: ${tool} is not installed\n`);
  return found.failed;
}

/** An image with data, zeroes and holes, in an order no accident would make. */
function image(): Buffer {
  const bytes = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  return bytes.fill(0, 1024 * 1024, 3 * 1024 * 1024).fill(0, SIZE - 700_001);
}

function nbdinfoUnderstands(): void {
  test('finds everything that is offered', async () => {
    const { stdout } = await run('nbdinfo', '--json', unixUri);
    const [found] = JSON.parse(stdout).exports;
    expect(found).toMatchObject({
      'export-name': 'm0',
      'export-size': SIZE,
      contexts: ['base:allocation', 'mirrorctl:regions'],
      is_read_only: false,
      can_cache: true,
      can_df: true,
      can_fast_zero: true,
      can_flush: true,
      can_fua: true,
      can_multi_conn: true,
      can_trim: true,
      can_zero: true,
      block_size_minimum: 1,
      block_size_preferred: 4096,
      block_size_maximum: 33554432,
    });
  });

  test('lists the regions and their states', async () => {
    const { stdout } = await run('nbdinfo', '--json', '--map=mirrorctl:regions', tcpUri);
    const types = JSON.parse(stdout).map(({ type }: { type: number }) => type);
    expect(types).toEqual([0, 1, 2, 3, 4, 0, 1, 2]);
  });
}

function nbdcopyCopies(): void {
  test.each(['unix', 'tcp'])('brings an image in and out again over %s', async (way) => {
    const uri = way === 'unix' ? unixUri : tcpUri;
    const [source, target] = [join(directory, 'in'), join(directory, 'out')];
    writeFileSync(source, image());
    mirror.bytes.fill(0xee);
    await run('nbdcopy', '--connections=4', source, uri);
    expect(mirror.bytes.equals(image())).toBe(true);
    await run('nbdcopy', '--connections=4', uri, target);
    expect(readFileSync(target).equals(image())).toBe(true);
  });
}

function qemuImgConverts(): void {
  test('converts an image in, compares it, and sees its holes', async () => {
    const source = join(directory, 'qemu');
    writeFileSync(source, image());
    mirror.bytes.fill(0xee);
    await run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', source, unixUri);
    await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', source, unixUri);
    const { stdout } = await run('qemu-img', 'map', '--output=json', '-f', 'raw', unixUri);
    const holes = JSON.parse(stdout).filter(({ data }: { data: boolean }) => !data);
    expect(holes[0]).toMatchObject({ start: 1024 * 1024, length: 2 * 1024 * 1024, zero: true });
  });
}
