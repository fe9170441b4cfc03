/**
 * Room for a mirror of another size where its legs are files: they are lengthened with a hole, if the
 * owner agrees. A device that is too short is refused by whoever opens it.
 *
 * A file is never shortened: what a smaller mirror no longer covers stays where it is.
 */
import fs from 'node:fs';
import type { LengthenedFile } from '../control-protocol/change-plan.ts';
import { statOf } from '../devices/device-identity.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';

/** Image files that have to be longer. Throws LEG_TOO_SMALL where that was not agreed to. */
export function filesToLengthen(
  { name, legs, sizeBytes }: MirrorSpec,
  isAgreed: boolean,
): readonly LengthenedFile[] {
  const short = new Map<string, number>();
  for (const { path, offsetBytes } of legs) {
    const stat = statOf(path);
    const end = offsetBytes + sizeBytes;
    if (stat?.isFile() !== true || stat.size >= end) continue;
    short.set(path, Math.max(end, short.get(path) ?? 0));
    if (isAgreed) continue;
    const message = `leg ${path} has ${stat.size} bytes, but ${end} are needed`;
    const hint = `give it room, or let mirrorctl lengthen it: resize ${name} SIZE --grow-legs`;
    const facts = { path, sizeBytes: Number(stat.size), wantedBytes: end };
    throw new MirrorError('LEG_TOO_SMALL', message, facts, hint);
  }
  return [...short].map(([path, bytes]) => ({ path, sizeBytes: bytes }));
}

/** Durable when it returns. Throws LEG_WRITE_FAILED. */
export function lengthen({ path, fd }: Pick<OpenDevice, 'path' | 'fd'>, sizeBytes: number): void {
  try {
    if (fs.fstatSync(fd).size >= sizeBytes) return;
    fs.ftruncateSync(fd, sizeBytes);
    fs.fsyncSync(fd);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message = `cannot lengthen ${path} to ${sizeBytes} bytes: ${code}`;
    const hint = 'see that the file system has room for a file that long';
    throw new MirrorError('LEG_WRITE_FAILED', message, { path, sizeBytes }, hint, cause);
  }
}
