/** `mirrorctl log carve IMAGE`: finds dirty logs without being told where they are. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openEvidence } from '../../devices/evidence-file.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { FoundLog } from '../../forensics/carve-report.ts';
import { carveReport, describeCarving, foundLog } from '../../forensics/carve-report.ts';
import type { CarvedPlace } from '../carve-image.ts';
import { carve, readLvm } from '../carve-image.ts';
import type { Command } from '../command.ts';
import { writeNewFile } from '../new-output.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG, Progress } from '../progress.ts';

export const command: Command = {
  args: [
    {
      name: 'IMAGE',
      help: 'a disk or its image, whole or the physical volume of an LVM volume group',
      ...{ min: 1, max: 1, completes: 'file' },
    },
  ],
  flags: {
    lvm: { value: 'none', help: 'look only where LVM’s extents begin: much faster' },
    extract: {
      value: 'required',
      metavar: 'DIR',
      completes: 'directory',
      help: 'write each log to DIR, which is made, with a manifest',
    },
    ...PROGRESS_FLAG,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl log carve disk.img', does: 'every log at every sector' },
    { words: 'mirrorctl log carve pv.img --lvm --extract logs', does: 'those that LVM made' },
  ],
  notes: [
    'A log begins at a sector with the bytes 72 52 69 4d. The score says how much of what surrounds them is as in a real log; below 0.5 nothing is reported.',
    'Where the image is a physical volume, LVM’s metadata says which mirror each log belongs to, where its legs are and what the region size is. All versions of the metadata that are still there are listed.',
  ],

  async run(outside, input, flags) {
    const image = input.one('IMAGE');
    const file = openEvidence(path.resolve(outside.cwd, image));
    const progress = new Progress(outside, flags, {
      ...{ name: 'carve', subject: image, doing: 'searching' },
    });
    try {
      const lvm = readLvm(file);
      if (flags.has('lvm') && lvm?.pv == null) {
        const hint = 'without --lvm every sector is looked at';
        const message = `${image} is no physical volume whose metadata can be read`;
        throw new MirrorError('LVM_NOT_FOUND', message, { path: image }, hint);
      }
      const found: FoundLog[] = [];
      const directory = flags.value('extract');
      for await (const place of carve(outside, file, lvm, flags.has('lvm'), progress)) {
        const extractedTo = directory === null ? null : extract(outside, directory, place);
        found.push(foundLog(place, place.offsetBytes, place.owner, extractedTo));
      }
      const { group = null, copies = [] } = lvm ?? {};
      const report = carveReport(image, file.sizeBytes, group, copies, found);
      if (directory !== null) {
        const manifest = path.join(directory, 'manifest.json');
        writeNewFile(outside, manifest, `${JSON.stringify(report, null, 1)}\n`);
      }
      const lines = flags.has('json') ? [JSON.stringify(report)] : describeCarving(report);
      outside.print(`${lines.join('\n')}\n`);
      return EXIT.ok;
    } finally {
      file.close();
    }
  },
};

function extract(outside: Outside, directory: string, { log, offsetBytes }: CarvedPlace): string {
  mkdirSync(path.resolve(outside.cwd, directory), { recursive: true });
  const bytes = log.bytes.subarray(0, log.imageBytes ?? log.bytes.length);
  return writeNewFile(outside, path.join(directory, `log-at-${offsetBytes}.bin`), bytes);
}
