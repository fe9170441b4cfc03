/** `mirrorctl log restore DUMP LOG`: makes a log again from what `log dump --json` said. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { restoredLog } from '../../forensics/log-restore.ts';
import { JsonFault, readJson } from '../../json/json-shape.ts';
import type { Command } from '../command.ts';
import { changeLog } from '../log-change.ts';
import { readLogBytes } from '../log-words.ts';
import { writeNewFile } from '../new-output.ts';

export const command: Command = {
  args: [
    {
      name: 'DUMP',
      help: 'a file that log dump --json, or a change to a log, wrote',
      ...{ min: 1, max: 1, completes: 'file' },
    },
    {
      name: 'LOG',
      help: 'a new file, or the log to be overwritten: PATH or PATH@OFFSET',
      ...{ min: 1, max: 1, completes: 'file' },
    },
  ],
  flags: {},
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl log restore m0.json new.log', does: 'make the log in a new file' },
    {
      words: 'mirrorctl log restore m0.log.backup-20260101-120000.json m0.log',
      does: 'undo a repair',
    },
  ],
  notes: [
    'The bytes are those that were dumped, of an unclean, damaged or foreign log too.',
    'A log that exists is only overwritten after a backup of its own, and not while an engine uses it.',
  ],

  async run(outside, input, flags) {
    const dump = path.resolve(outside.cwd, input.one('DUMP'));
    const bytes = readDump(dump);
    const word = input.one('LOG');
    const steps = [`write the ${bytes.length} bytes of ${dump}`];
    if (!existsSync(path.resolve(outside.cwd, word)) && !word.includes('@')) {
      const made = flags.has('dry-run') ? word : writeNewFile(outside, word, bytes);
      outside.print(
        flags.has('json')
          ? `${JSON.stringify({ path: made, steps, dryRun: flags.has('dry-run') })}\n`
          : `${made}: ${bytes.length} bytes${flags.has('dry-run') ? ' would be written' : ''}\n`,
      );
      return EXIT.ok;
    }
    const { excerpt, place } = await readLogBytes(outside, word, flags, bytes.length);
    if (excerpt.bytes.length < bytes.length) {
      const message = `${word} has room for ${excerpt.bytes.length} bytes, the dump has ${bytes.length}`;
      throw new MirrorError('LOG_TOO_SMALL', message, { path: word }, 'give a larger one');
    }
    const loss = `the first ${bytes.length} bytes of ${word} are overwritten`;
    await changeLog(outside, flags, { place, excerpt, bytes, steps, loss });
    return EXIT.ok;
  },
};

function readDump(file: string): Uint8Array {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const kind = code === 'EACCES' ? 'NOT_PERMITTED' : 'LOG_NOT_FOUND';
    throw new MirrorError(kind, `cannot read ${file}: ${message}`, { path: file }, '', cause);
  }
  try {
    return readJson(source, restoredLog);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const at = fault.at === '' ? '' : `${fault.at} `;
    const hint = 'give a file that log dump --json wrote';
    const message = `${file} is no dump of a log: ${at}${fault.message}`;
    throw new MirrorError('LOG_READ_FAILED', message, { path: file }, hint);
  }
}
