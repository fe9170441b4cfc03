/** What goes into a pipe comes out at the socket, however slowly that is read; and no pipe is lost. */
import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PagePipe } from '../../src/devices/page-pipe.ts';
import { PagePipes, PIPE_BYTES } from '../../src/devices/page-pipe.ts';
import { noRing, ringForTest } from './ring-for-test.ts';
import { atEnd, describeUnless, noTmpfs, scratchDirectory } from './scratch-devices.ts';

const PAGE = 4096;
const FILE_BYTES = 2 * PIPE_BYTES + 100;

const content = Buffer.from(
  Uint32Array.from({ length: FILE_BYTES / 4 }, (_, at) => at * 2654435761).buffer,
);

function openFile(parent?: string): number {
  const file = path.join(scratchDirectory(parent), 'leg.img');
  fs.writeFileSync(file, content);
  const fd = fs.openSync(file, 'r');
  atEnd(() => fs.closeSync(fd));
  return fd;
}

function pipesForTest() {
  const { calls, memory } = ringForTest();
  const pipes = new PagePipes(calls, memory);
  atEnd(() => pipes.close());
  return pipes;
}

function taken(pipes: PagePipes): PagePipe {
  const pipe = pipes.take();
  assert(pipe !== null);
  return pipe;
}

const openDescriptors = () => fs.readdirSync('/proc/self/fd').length;

/** Everything in `pipe`; a file takes it as a socket would. */
function contentOf(pipe: PagePipe): Buffer {
  const file = path.join(scratchDirectory(), 'taken');
  const target = fs.openSync(file, 'w');
  const count = pipe.drain(target);
  fs.closeSync(target);
  return fs.readFileSync(file).subarray(0, count);
}

describeUnless(noRing)('a pipe', () => {
  const places: [string, string | undefined][] = [['the disk', undefined]];
  if (noTmpfs === null) places.push(['memory', '/dev/shm']);
  describe.each(places)('filled from a file on %s', (_, parent) => {
    test('holds its pages', () => {
      const [pipes, fd] = [pipesForTest(), openFile(parent)];
      const pipe = taken(pipes);
      expect(pipe.fill(fd, PIPE_BYTES, PIPE_BYTES)).toBe(true);
      expect(pipe.length).toBe(PIPE_BYTES);
      expect(contentOf(pipe).equals(content.subarray(PIPE_BYTES, 2 * PIPE_BYTES))).toBe(true);
      pipe.release();
    });

    test.each([
      ['within a page', 512, PAGE],
      ['parts of pages', PAGE, PAGE + 512],
      ['more than it holds', 0, PIPE_BYTES + PAGE],
      ['what is behind the end', 2 * PIPE_BYTES - PAGE, 3 * PAGE],
    ])('takes nothing of %s, and is as good as new', (__, position, length) => {
      const [pipes, fd] = [pipesForTest(), openFile(parent)];
      const pipe = taken(pipes);
      expect(pipe.fill(fd, position, length)).toBe(false);
      expect(pipe.length).toBe(0);
      expect(pipe.fill(fd, PAGE, PAGE)).toBe(true);
      expect(contentOf(pipe).equals(content.subarray(PAGE, 2 * PAGE))).toBe(true);
    });
  });

  test('that is released with something in it is empty for the next', () => {
    const [pipes, fd] = [pipesForTest(), openFile()];
    const pipe = taken(pipes);
    expect(pipe.fill(fd, 0, PIPE_BYTES)).toBe(true);
    pipe.release();
    const again = taken(pipes);
    expect(again).toBe(pipe);
    expect(again.fill(fd, PAGE, PAGE)).toBe(true);
    expect(contentOf(again).equals(content.subarray(PAGE, 2 * PAGE))).toBe(true);
  });

  test('is one of so many, and all are closed in the end', () => {
    const before = openDescriptors();
    const { calls, memory } = ringForTest();
    const pipes = new PagePipes(calls, memory);
    const made: PagePipe[] = [];
    for (let pipe = pipes.take(); pipe !== null; pipe = pipes.take()) made.push(pipe);
    expect(made.length).toBe(64);
    const most = openDescriptors();
    made[0]?.release();
    expect(pipes.take()).toBe(made[0]);
    made[1]?.release();
    pipes.closeIdle();
    expect(openDescriptors()).toBe(most - 2);
    made[1] = taken(pipes);
    for (const pipe of made.slice(1)) pipe.release();
    pipes.close();
    expect(openDescriptors()).toBe(most - 126);
    made[0]?.release();
    expect(openDescriptors()).toBe(most - 128);
    expect(most).toBeGreaterThanOrEqual(before + 128);
  });

  test('is not to be had where the kernel allows none', () => {
    const { calls, memory } = ringForTest();
    const before = openDescriptors();
    expect(new PagePipes({ ...calls, pipe: () => -24 }, memory).take()).toBeNull();
    const small = new PagePipes({ ...calls, resizePipe: () => -1 }, memory);
    expect([small.take(), small.take()]).toEqual([null, null]);
    expect(openDescriptors()).toBe(before);
  });
});
