/** `npm run docs`: writes man/mirrorctl.1 and the README's list of commands from the command table. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { COMMANDS } from './command-table.ts';
import { writeManual } from './manual.ts';
import { withCommandSection } from './readme-section.ts';
import { readVersion } from './version.ts';

const MANUAL = new URL('../../man/mirrorctl.1', import.meta.url);
const README = new URL('../../README.md', import.meta.url);

mkdirSync(new URL('.', MANUAL), { recursive: true });
writeFileSync(MANUAL, await writeManual(COMMANDS, readVersion()));
writeFileSync(README, await withCommandSection(readFileSync(README, 'utf8'), COMMANDS));
