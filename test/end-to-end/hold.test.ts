/** Writes that wait for their owner (`--hold-on-failure`), with the real program. */
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const DATA = Buffer.alloc(4 * KIB, 7);

/** In service, and a write at 1 MiB that is not answered. */
async function mirrorThatHolds() {
  const directory = scratchDirectory();
  const legs = ['a', 'b', 'c'].map((name) =>
    makeFile(path.join(directory, `${name}.img`), 4 * MIB, 'zero'),
  );
  const mirror = new ScratchMirror(directory, legs);
  const [first = '', second = '', third = ''] = legs;
  const size = ['--region-size', '512k', '--nosync'];
  await mirror.do('create', 'm', first, second, ...size, '--hold-on-failure');
  await mirror.activate('--inject', '1:write:eio');
  await mirror.do('recovery', 'pause', 'm');
  const client = await mirror.connect();
  let isAnswered = false;
  const answer = client.write(MIB, DATA).then(
    () => {
      isAnswered = true;
      return 'ok';
    },
    (error: Error) => error.message,
  );
  await vi.waitFor(async () => {
    expect((await mirror.status()).attention.status).toMatch(/held/);
  }, 20_000);
  expect(isAnswered).toBe(false);
  return { mirror, answer, client, third };
}

test('a write that a leg failed is answered once that leg has been taken out', async () => {
  const { mirror, answer, client } = await mirrorThatHolds();
  const { attention } = await mirror.status();
  expect(attention.status).toMatch(
    /^faults are injected.*; 1 write is held because of leg .*b\.img; /,
  );
  expect(Buffer.compare(await client.read(MIB, 4 * KIB), DATA)).toBe(0);
  await mirror.do('leg', 'fail', 'm', '1');
  expect(await answer).toBe('ok');
  client.close();
});

test('a write that is held is carried out once more when its leg is replaced', async () => {
  const { mirror, answer, client, third } = await mirrorThatHolds();
  await mirror.do('leg', 'replace', 'm', '1', third);
  expect(await answer).toBe('ok');
  await mirror.do('recovery', 'resume', 'm');
  await mirror.inSync();
  client.close();
});

test('a write that is held waits for its leg whatever else is changed meanwhile', async () => {
  const { mirror, answer, client, third } = await mirrorThatHolds();
  await mirror.do('leg', 'add', 'm', third);
  await vi.waitFor(async () => {
    expect((await mirror.status()).attention.status).toMatch(/1 write is held because of leg .*b/);
  }, 20_000);
  await mirror.do('leg', 'fail', 'm', '1');
  expect(await answer).toBe('ok');
  client.close();
});

test('a write that is held fails when the mirror is deactivated', async () => {
  const { mirror, answer, client } = await mirrorThatHolds();
  await mirror.do('deactivate', 'm');
  expect(await answer).toMatch('the server answered with error 5');
  client.close();
});
