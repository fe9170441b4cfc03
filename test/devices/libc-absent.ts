/**
 * Runs in a process of its own, in which koffi is not what it should be, and prints what the devices
 * room can still do there: libc.test.ts starts it and reads the JSON.
 *
 *   node libc-absent.ts missing|partial DIRECTORY
 */
import fs from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';

const [, , manner, directory = ''] = process.argv;

// A koffi that loads, on a C library without preadv2, fallocate and copy_file_range.
const partial = `
  const real = require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))});
  const lacks = /preadv2|fallocate|copy_file_range/;
  module.exports = { ...real, load: () => ({ func: (signature) => {
    if (lacks.test(signature)) throw new Error('symbol not found');
    return real.load(null).func(signature);
  } }) };`;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'koffi') return next(specifier, context);
    if (manner === 'missing') throw new Error('koffi is not for this machine');
    return { url: 'mirrorctl-test:koffi', format: 'commonjs', shortCircuit: true };
  },
  load(url, context, next) {
    if (url !== 'mirrorctl-test:koffi') return next(url, context);
    return { format: 'commonjs', source: partial, shortCircuit: true };
  },
});

const { libc } = await import('../../src/devices/libc.ts');
const calls = await import('../../src/devices/file-calls.ts');
const { FsBackend } = await import('../../src/devices/fs-backend.ts');
const { openDevices } = await import('../../src/devices/open-device.ts');
const { byteCount, byteOffset, legIndex } = await import('../../src/geometry/units.ts');

const file = path.join(directory, `${manner}.img`);
fs.writeFileSync(file, Buffer.alloc(65_536, 1));
const fd = fs.openSync(file, 'r+');
const into = new Uint8Array(4);
const nowait = calls.preadCached(fd, into, 0);
const plain = [calls.pwriteNow(fd, Buffer.from('abcd'), 8), calls.preadNow(fd, into, 8)];

const request = { role: 'leg', path: file, offsetBytes: byteCount(0), lengthBytes: null } as const;
const refusal = (() => {
  try {
    openDevices([{ ...request, access: 'write' }]);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
})();
const [peeked] = openDevices([{ ...request, access: 'peek' }]);
if (peeked === undefined) throw new Error('no device');
const device = { ...peeked, fd, durableFd: fd };
const leg = { device, offsetBytes: byteCount(0), writePolicy: null };
const io = new FsBackend([leg], null);
const range = [byteOffset(4096), byteCount(8192)] as const;
const fast = { mayPunch: true, fastOnly: true, fua: false };
const ended = (start: (done: (error: { code: string } | null) => void) => void) =>
  new Promise<string | null>((resolve) => start((error) => resolve(error?.code ?? null)));

console.log(
  JSON.stringify({
    native: libc().absence === null,
    nowait,
    plain,
    text: Buffer.from(into).toString(),
    bad: [calls.pwriteNow(9999, into, 0), calls.preadNow(9999, into, 0)],
    refusal,
    nowaitReads: device.nowaitReads,
    fastZero: await ended((done) => io.zero(legIndex(0), ...range, fast, done)),
    discard: await ended((done) => io.discard(legIndex(0), ...range, true, done)),
    zeroed: fs.readFileSync(file).subarray(4095, 12_289).lastIndexOf(0),
    runs: io.allocation(legIndex(0), byteOffset(0), byteCount(65_536), 9),
  }),
);
