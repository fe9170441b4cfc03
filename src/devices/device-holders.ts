/**
 * Who else has a device: for the message that tells people what to stop before they try again, and
 * for the two cases that no lock can tell of (a loop device over our file, a file under our loop
 * device).
 *
 * Everything here is read from /proc and /sys and may be incomplete: an ordinary user sees only
 * their own processes, a container only its own mounts. So "nobody found" never means "free"; the
 * locks decide that.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { DeviceIdentity } from './device-identity.ts';
import { backingFileOf, identityOf, statOf } from './device-identity.ts';

/** Words for a message, or null: "mounted at /mnt", "used by dm-0", "process 4711 (qemu-img)". */
export function describeHolder({ id, kind }: DeviceIdentity): string | null {
  if (kind === 'file') return describeProcess(id, true);
  const number = id.slice('block '.length);
  return describeBlockHolder(number) ?? describeProcess(id, false);
}

/** The loop devices whose backing file is this one: `/dev/loop3`. */
export function loopDevicesOver(identity: DeviceIdentity): string[] {
  return namesIn('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter((name) => {
      const number = readText(`/sys/block/${name}/dev`);
      const backing = number === null ? null : backingFileOf(number);
      const stat = backing === null ? null : statOf(backing);
      return stat !== null && identityOf(stat)?.id === identity.id;
    })
    .map((name) => `/dev/${name}`);
}

function describeBlockHolder(number: string): string | null {
  const mountPoint = mountPointOf(number);
  if (mountPoint !== null) return `mounted at ${mountPoint}`;
  const holders = namesIn(path.join('/sys/dev/block', number, 'holders'));
  if (holders.length > 0) return `used by ${holders.join(', ')}`;
  return isSwap(number) ? 'in use as swap' : null;
}

/** Lines of mountinfo (proc_pid_mountinfo(5)): `36 35 98:0 /root /mnt opts - type source super`. */
function mountPointOf(number: string): string | null {
  for (const line of (readText('/proc/self/mountinfo') ?? '').split('\n')) {
    const fields = line.split(' ');
    const source = fields[fields.indexOf('-') + 2];
    // btrfs shows a device number of its own, so the source is looked at as well.
    if (fields[2] === number || (source?.startsWith('/') && isBlockDevice(source, number))) {
      return unescapeOctal(fields[4] ?? '');
    }
  }
  return null;
}

function isSwap(number: string): boolean {
  const lines = (readText('/proc/swaps') ?? '').split('\n').slice(1);
  return lines.some((line) => isBlockDevice(unescapeOctal(line.split(/\s/)[0] ?? ''), number));
}

function isBlockDevice(file: string, number: string): boolean {
  const stat = statOf(file);
  return stat !== null && identityOf(stat)?.id === `block ${number}`;
}

/** The first process that has it open, or, with `locked`, that has it open and holds a lock on it. */
function describeProcess(id: string, locked: boolean): string | null {
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((pid) =>
    namesIn(`/proc/${pid}/fd`).some((fd) => {
      const stat = statOf(`/proc/${pid}/fd/${fd}`);
      return stat !== null && identityOf(stat)?.id === id && (!locked || holdsLock(pid, fd));
    }),
  );
  if (pid === undefined) return null;
  return pid === String(process.pid)
    ? 'this process'
    : `process ${pid} (${readText(`/proc/${pid}/comm`) ?? '?'})`;
}

function holdsLock(pid: string, fd: string): boolean {
  return /^lock:/m.test(readText(`/proc/${pid}/fdinfo/${fd}`) ?? '');
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    // Another user's process, or one that ended while we looked.
    return [];
  }
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd();
  } catch {
    // As above.
    return null;
  }
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
