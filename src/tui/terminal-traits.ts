/** What the terminal can show, from what it says about itself in the environment. */
import type { ColourDepth } from './tones.ts';

export interface TerminalTraits {
  readonly depth: ColourDepth;
  /** Only ASCII: no blocks, no braille, no lines. */
  readonly ascii: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function terminalTraits(
  env: Environment,
  asked: { readonly noColour: boolean; readonly ascii: boolean },
): TerminalTraits {
  const { NO_COLOR = '' } = env;
  return {
    depth: asked.noColour || NO_COLOR !== '' ? 0 : colourDepth(env),
    ascii: asked.ascii || !speaksUtf8(env),
  };
}

function colourDepth({ COLORTERM = '', TERM = '' }: Environment): ColourDepth {
  if (TERM === 'dumb' || TERM.startsWith('vt')) return 0;
  if (/truecolor|24bit/.test(COLORTERM) || /-direct/.test(TERM)) return 16_777_216;
  return /256/.test(TERM) ? 256 : 16;
}

/** POSIX: the first of these that is set decides. With none, nearly every terminal speaks UTF-8. */
function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return locale === '' || /utf-?8/i.test(locale) || locale === 'C' || locale === 'POSIX';
}
