/**
 * How a failure reaches people and scripts:
 *
 *   stderr          mirrorctl: MESSAGE [CODE]; HINT            always one line
 *   stdout, --json  {"error":{"code":…,"message":…,"hint":…}}
 *
 * Names of files and mirrors come from outside and may hold anything, so control characters are
 * shown, never sent to the terminal. A failure that nobody expected is a bug in mirrorctl: it says so
 * and shows its stack, because that is what the person who must fix it needs.
 */
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';
import { OutputClosed } from './outside.ts';

export function reportFailure(error: unknown, asJson: boolean, outside: Outside): ExitCode {
  if (error instanceof OutputClosed) return EXIT.ok;
  if (error instanceof MirrorError) {
    const { code, message, hint } = error;
    if (asJson) outside.print(`${JSON.stringify({ error: { code, message, hint } })}\n`);
    else outside.printAside(`${failureLine(error)}\n`);
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const hint = 'please report it with the lines on stderr';
  if (asJson) outside.print(`${JSON.stringify({ error: { code: 'BUG', message, hint } })}\n`);
  outside.printAside(
    `mirrorctl: this is a bug in mirrorctl: ${printable(message)} [BUG]; ${hint}\n`,
  );
  outside.printAside(`${stack ?? message}\n`);
  return EXIT.invariantBroken;
}

export function failureLine({ code, message, hint }: MirrorError): string {
  const next = hint === '' ? '' : `; ${printable(hint)}`;
  return `mirrorctl: ${printable(message)} [${code}]${next}`;
}

/** `text` with control characters spelled out, so that it stays on its line and moves no cursor. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones we are after
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return character === '\n' ? '\\n' : `\\x${code}`;
  });
}
