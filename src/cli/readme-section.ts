/** The list of commands in README.md, between two markers; what stands around it is written by hand. */
import { invariant } from '../errors/invariant.ts';
import type { CommandEntry } from './command.ts';
import { usageOf } from './help-text.ts';

const BEGIN = '<!-- commands -->';
const END = '<!-- /commands -->';

/** `readme` with the section written anew. */
export async function withCommandSection(
  readme: string,
  table: readonly CommandEntry[],
): Promise<string> {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  invariant(begin >= 0, `README.md has no ${BEGIN}`);
  invariant(end > begin, `README.md has no ${END} after it`);
  const shown = table.filter(({ hidden }) => hidden !== true);
  const rows = await Promise.all(
    shown.map(async (entry) => {
      const { command } = await entry.load();
      return `| ${cell(`\`${usageOf(entry, command)}\``)} | ${cell(entry.summary)} |`;
    }),
  );
  const section = ['| command | |', '| --- | --- |', ...rows].join('\n');
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${section}\n\n${readme.slice(end)}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
