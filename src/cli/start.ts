/**
 * Where the process starts: bin/mirrorctl ends here. The exit code is set rather than exited with, so
 * that what was printed into a pipe is read to its end.
 */
import { COMMANDS } from './command-table.ts';
import { main } from './main.ts';
import { processOutside } from './process-outside.ts';

process.exitCode = await main(process.argv.slice(2), processOutside(), COMMANDS);
