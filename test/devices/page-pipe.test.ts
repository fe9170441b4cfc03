/** What goes into a pipe comes out at the socket, however slowly that is read; and no pipe is lost. */
import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PagePipe, PagePipes, PIPE_BYTES } from '../../src/devices/page-pipe.ts';
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
  const pipe = pipes.take(PIPE_BYTES);
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

    test('that ends too soon gives nothing, and the next pipe is as good as new', () => {
      const [pipes, fd] = [pipesForTest(), openFile(parent)];
      const pipe = taken(pipes);
      expect(pipe.fill(fd, 2 * PIPE_BYTES - PAGE, 3 * PAGE)).toBe(false);
      expect(pipe.length).toBe(0);
      expect(pipe.fill(fd, PAGE, PAGE)).toBe(false);
      pipe.release();
      const next = taken(pipes);
      expect(next.fill(fd, PAGE, PAGE)).toBe(true);
      expect(contentOf(next).equals(content.subarray(PAGE, 2 * PAGE))).toBe(true);
    });
  });

  test('that is released with something in it is replaced', () => {
    const [pipes, fd] = [pipesForTest(), openFile()];
    const pipe = taken(pipes);
    expect(pipe.fill(fd, 0, PIPE_BYTES)).toBe(true);
    pipe.release();
    const again = taken(pipes);
    expect(again).not.toBe(pipe);
    expect(again.fill(fd, PAGE, PAGE)).toBe(true);
    expect(contentOf(again).equals(content.subarray(PAGE, 2 * PAGE))).toBe(true);
  });

  test('is for whole pages, and not for a few', () => {
    const wanted: [number, number][] = [
      [0, PIPE_BYTES],
      [512, PAGE],
      [PAGE, PAGE + 512],
      [0, PIPE_BYTES + PAGE],
    ];
    expect(wanted.map((range) => PagePipe.fits(...range))).toEqual([true, false, false, false]);
    const pipes = pipesForTest();
    expect([4 * PAGE - 1, PIPE_BYTES + 1].map((length) => pipes.take(length))).toEqual([
      null,
      null,
    ]);
  });

  test('whose pages are not wanted any more cannot be filled again', () => {
    const [pipes, fd] = [pipesForTest(), openFile()];
    const pipe = taken(pipes);
    expect(pipe.fill(fd, 0, PAGE)).toBe(true);
    pipe.spoil();
    expect([pipe.length, pipe.fill(fd, 0, PAGE)]).toEqual([0, false]);
    pipe.release();
    expect(taken(pipes)).not.toBe(pipe);
  });

  test('is one of so many, and all are closed in the end', () => {
    const before = openDescriptors();
    const { calls, memory } = ringForTest();
    const pipes = new PagePipes(calls, memory);
    const made: PagePipe[] = [];
    for (let pipe = pipes.take(PAGE * 4); pipe !== null; pipe = pipes.take(PAGE * 4))
      made.push(pipe);
    expect(made.length).toBe(32);
    const most = openDescriptors();
    made[0]?.release();
    expect(pipes.take(PIPE_BYTES)).toBe(made[0]);
    made[1]?.release();
    pipes.closeIdle();
    expect(openDescriptors()).toBe(most - 2);
    made[1] = taken(pipes);
    for (const pipe of made.slice(1)) pipe.release();
    pipes.close();
    expect(openDescriptors()).toBe(most - 62);
    made[0]?.release();
    expect(openDescriptors()).toBe(most - 64);
    expect(most).toBeGreaterThanOrEqual(before + 64);
  });

  test('is not to be had where the kernel allows none', () => {
    const { calls, memory } = ringForTest();
    const before = openDescriptors();
    expect(new PagePipes({ ...calls, pipe: () => -24 }, memory).take(PIPE_BYTES)).toBeNull();
    const small = new PagePipes({ ...calls, resizePipe: () => -1 }, memory);
    expect([small.take(PIPE_BYTES), small.take(PIPE_BYTES)]).toEqual([null, null]);
    expect(openDescriptors()).toBe(before);
  });
});
