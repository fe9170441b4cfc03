/** Evidence is looked at and left as it was. */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEvidence, readStill } from '../../src/devices/evidence-file.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'evidence-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function fileOf(bytes: Uint8Array, mode = 0o644): string {
  const name = path.join(folder, 'm0.log');
  fs.writeFileSync(name, bytes, { mode });
  fs.utimesSync(name, 1_000_000_000, 1_000_000_000);
  return name;
}

describe('a file', () => {
  test('is read where it was asked for, and to its end', () => {
    const file = openEvidence(fileOf(Uint8Array.of(1, 2, 3, 4, 5)));
    expect([...file.read(1, 2)]).toEqual([2, 3]);
    expect([...file.read(3, 99)]).toEqual([4, 5]);
    expect([...file.read(5, 1)]).toEqual([]);
    expect([...file.read(99, 1)]).toEqual([]);
    expect([file.sizeBytes, file.blockBytes]).toEqual([5, 512]);
    file.close();
  });

  test('keeps its bytes and every time stamp', () => {
    const name = fileOf(new Uint8Array(4096).fill(7), 0o444);
    const before = fs.statSync(name);
    const file = openEvidence(name);
    file.read(0, 4096);
    file.close();
    const after = fs.statSync(name);
    expect([after.mtimeMs, after.ctimeMs, after.atimeMs]).toEqual([
      before.mtimeMs,
      before.ctimeMs,
      before.atimeMs,
    ]);
    expect(fs.readFileSync(name)).toEqual(Buffer.alloc(4096, 7));
  });
});

test('a pipe is read to its end at once', () => {
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `printf '\\011\\010\\007' > '${pipe}'`]);
  const file = openEvidence(pipe);
  expect([...file.read(1, 5)]).toEqual([8, 7]);
  expect(file.sizeBytes).toBe(3);
  file.close();
});

describe('a file that changes while it is read', () => {
  /** Its byte counts the readings, up to `settlesAt`. */
  function changing(settlesAt: number) {
    let readings = 0;
    const file = openEvidence(fileOf(Uint8Array.of(0)));
    file.close();
    const read = () => {
      readings += 1;
      return Uint8Array.of(Math.min(readings, settlesAt));
    };
    return { ...file, read };
  }

  test('is read until two readings agree', () => {
    expect([...readStill(changing(1), 0, 1)]).toEqual([1]);
    expect([...readStill(changing(5), 0, 1)]).toEqual([5]);
  });

  test('is given up in the end', () => {
    expect(() => readStill(changing(1_000), 0, 1)).toThrow(
      expect.objectContaining({ code: 'MIRROR_BUSY' }),
    );
  });
});

describe('what cannot be read says so and names the path', () => {
  test('a missing file', () => {
    const missing = path.join(folder, 'none');
    expect(() => openEvidence(missing)).toThrow(
      expect.objectContaining({ code: 'LOG_NOT_FOUND', message: `${missing} does not exist` }),
    );
  });

  test('a directory', () => {
    expect(() => openEvidence(folder)).toThrow(
      expect.objectContaining({ code: 'LOG_READ_FAILED' }),
    );
  });

  test('a file behind a file', () => {
    const below = path.join(fileOf(Uint8Array.of(1)), 'x');
    expect(() => openEvidence(below)).toThrow(expect.objectContaining({ code: 'LOG_NOT_FOUND' }));
  });

  test('a file that others may not read', () => {
    const name = fileOf(Uint8Array.of(1), 0o000);
    if (process.geteuid?.() === 0) {
      console.log('root may read everything: a device file without a driver stands in');
      const device = path.join(folder, 'device');
      execFileSync('mknod', [device, 'b', '4095', '4095']);
      expect(() => openEvidence(device)).toThrow(/cannot be read|not permitted/);
      return;
    }
    expect(() => openEvidence(name)).toThrow(expect.objectContaining({ code: 'NOT_PERMITTED' }));
  });
});
