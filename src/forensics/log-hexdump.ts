/** A log byte by byte, as `hexdump -C` shows it, with a line before each part that says what it is. */
import type { LogExplanation } from './log-explain.ts';

const LINE_BYTES = 16;

/** Lines that repeat the one before are told by one `*`, as hexdump does. */
export function hexdumpLines(bytes: Uint8Array, { ranges }: LogExplanation): string[] {
  const parts = ranges.flatMap(({ first, end, name, says }) => [
    `# ${name}: ${says}`,
    ...linesOf(bytes, first, end),
  ]);
  return [...parts, offsetWord(bytes.length)];
}

function linesOf(bytes: Uint8Array, first: number, end: number): string[] {
  const lines: string[] = [];
  let before = '';
  for (let at = first; at < end; at += LINE_BYTES) {
    const content = bytesLine(bytes.subarray(at, Math.min(at + LINE_BYTES, end)));
    const repeats = content === before && at + LINE_BYTES < end;
    if (!repeats) lines.push(`${offsetWord(at)}  ${content}`);
    else if (lines.at(-1) !== '*') lines.push('*');
    before = content;
  }
  return lines;
}

function offsetWord(offset: number): string {
  return offset.toString(16).padStart(8, '0');
}

function bytesLine(bytes: Uint8Array): string {
  const words = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const halves = [words.slice(0, 8).join(' '), words.slice(8).join(' ')];
  const characters = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.',
  );
  return `${(halves[0] ?? '').padEnd(23)}  ${(halves[1] ?? '').padEnd(23)}  |${characters.join('')}|`;
}
