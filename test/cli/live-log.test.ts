/** `--live NAME` on the command line, against an engine that is pretended. */
import { expect, test } from 'vitest';
import { encodeLog } from '../../src/dirty-log/disk-format.ts';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

/** An engine whose log of 128 regions calls them all dirty. */
async function running(): Promise<Bench> {
  const bench = new Bench();
  bench.define(HOME);
  const log = encodeLog(new RegionBitset(regionCount(128)), byteCount(512));
  const image = Buffer.from(log).toString('base64');
  await bench.engine('home', async ({ ask }) => {
    if (ask !== 'log') throw new Error(`asked for ${ask}`);
    return { log: { image, at: '2026-11-22T16:00:00Z' } };
  });
  return bench;
}

test('the engine is asked once, and the mirror’s definition says the rest', async () => {
  const bench = await running();
  const { document } = await bench.json('log', 'dump', '--live', 'home');
  expect(document).toMatchObject({
    ...{ path: 'the running log of home', headerState: 'normal', dirtyRegions: 128 },
    ...{ regionSizeBytes: 512 * 1024, factsFrom: 'the definition of home', imageBytes: 1536 },
  });
  expect((await bench.run('log', 'explain', '--live', 'home')).out).toContain('128 regions');
});

test.each([
  {
    words: ['dump', 'x.log', '--live', 'home'],
    code: 64,
    says: 'x.log and --live home are two logs',
  },
  { words: ['diff', 'a', 'b', '--live', 'home'], code: 66, says: 'no log a' },
  { words: ['dump'], code: 64, says: 'LOG is missing' },
  { words: ['verify'], code: 64, says: 'or --live NAME' },
  { words: ['dump', '--live', 'other'], code: 66, says: 'other' },
  { words: ['dump', '--at', '1', '--live', 'home'], code: 64, says: 'history of one mirror' },
])('log $words: $says', async ({ words, code, says }) => {
  const ran = await (await running()).run('log', ...words);
  expect([ran.code, ran.aside]).toEqual([code, expect.stringContaining(says)]);
});

test('a mirror that does not run has no live log', async () => {
  const bench = new Bench();
  bench.define(HOME);
  const ran = await bench.run('log', 'dump', '--live', 'home');
  expect([ran.code, ran.aside]).toEqual([69, expect.stringContaining('[ENGINE_UNREACHABLE]')]);
});
