import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { removeFile, replaceFile } from '../../src/registry/atomic-file.ts';
import { scratchDirectory } from '../scratch-directory.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const MODULE = path.resolve(import.meta.dirname, '../../src/registry/atomic-file.ts');

test('a file is replaced as a whole, and only its owner may read it', () => {
  const file = path.join(scratchDirectory(), 'f');
  replaceFile(file, 'a long first content');
  replaceFile(file, 'short');
  expect(readFileSync(file, 'utf8')).toBe('short');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(`${file}.new`)).toBe(false);
});

test('a half-written file from a crash does not disturb the next replacement', () => {
  const file = path.join(scratchDirectory(), 'f');
  writeFileSync(`${file}.new`, 'x'.repeat(1000));
  replaceFile(file, 'short');
  expect(readFileSync(file, 'utf8')).toBe('short');
});

test('a link that someone put in the way of the new file is not followed', () => {
  const directory = scratchDirectory();
  const [file, victim] = [path.join(directory, 'f'), path.join(directory, 'victim')];
  writeFileSync(victim, 'precious');
  symlinkSync(victim, `${file}.new`);
  expect(() => replaceFile(file, 'text')).toThrow(/ELOOP/);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
});

test('a replacement that fails leaves the old content and nothing else', () => {
  const directory = scratchDirectory();
  const file = path.join(directory, 'f');
  mkdirSync(file);
  expect(() => replaceFile(file, 'text')).toThrow(
    expect.objectContaining({ code: 'STATE_WRITE_FAILED', message: expect.stringContaining(file) }),
  );
  expect(lstatSync(file).isDirectory()).toBe(true);
  expect(readdirSync(directory)).toEqual(['f']);
});

test('a disk that is full leaves the old content', async ({ skip }) => {
  const shell = (await execa('sh', ['-c', 'command -v bash'], { reject: false })).exitCode;
  if (shell !== 0) skip('bash is not installed');
  const directory = scratchDirectory();
  const file = path.join(directory, 'f');
  replaceFile(file, 'old');
  // A limit on the size of files makes the write fail just where a full disk would.
  const replace = `import { replaceFile } from ${JSON.stringify(MODULE)};
    process.on('SIGXFSZ', () => {});
    try { replaceFile(${JSON.stringify(file)}, 'x'.repeat(1 << 20)); }
    catch (error) { console.log(error.code, error.facts.errno); }`;
  const program = path.join(directory, 'replace.ts');
  writeFileSync(program, replace);
  const { stdout } = await execa('bash', [
    '-c',
    `ulimit -f 8; exec "$0" "$1"`,
    process.execPath,
    program,
  ]);
  expect(stdout).toBe('STATE_WRITE_FAILED EFBIG');
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(existsSync(`${file}.new`)).toBe(false);
});

test('the new content is on disk before it takes the name, and the name after', async ({
  skip,
}) => {
  const { exitCode } = await execa('sh', ['-c', 'command -v strace'], { reject: false });
  if (exitCode !== 0) skip('strace is not installed');
  const directory = scratchDirectory();
  const file = path.join(directory, 'f');
  const program = path.join(directory, 'replace.ts');
  writeFileSync(
    program,
    `import { replaceFile } from ${JSON.stringify(MODULE)}; replaceFile(${JSON.stringify(file)}, 'x');`,
  );
  const calls = 'trace=openat,write,fsync,rename,renameat2';
  const { stderr } = await execa('strace', ['-f', '-y', '-e', calls, process.execPath, program]);
  const order = stderr.split('\n').flatMap((line) => {
    if (line.includes('fsync(') && line.includes(`${file}.new`)) return ['content'];
    if (line.includes('rename') && line.includes(`${file}.new`)) return ['name'];
    return line.includes('fsync(') && line.includes(`<${directory}>`) ? ['directory'] : [];
  });
  expect(order).toEqual(['content', 'name', 'directory']);
});

test('removing a file that is not there is fine', () => {
  const file = path.join(scratchDirectory(), 'f');
  replaceFile(file, 'x');
  removeFile(file);
  removeFile(file);
  expect(existsSync(file)).toBe(false);
});
