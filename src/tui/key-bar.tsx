/** The last row: the keys that matter here and now, each of which can be clicked. */
import { Text } from 'ink';
import type { Dashboard } from './dashboard.ts';
import type { KeyCommand } from './key-commands.ts';
import { commandsFor } from './key-commands.ts';

interface KeyHint {
  readonly command: KeyCommand;
  readonly key: string;
  /** First cell and number of cells. */
  readonly x: number;
  readonly width: number;
}

/** As many as fit, in the order of the table. */
export function keyHints(dashboard: Dashboard): readonly KeyHint[] {
  const hints: KeyHint[] = [];
  let x = 0;
  for (const command of commandsFor(dashboard)) {
    const [key = ''] = command.keys;
    if (command.label === null) continue;
    const width = key.length + command.label.length + 4;
    if (x + width > dashboard.plan.columns) break;
    hints.push({ command, key, x, width });
    x += width;
  }
  return hints;
}

export function KeyBar({ dashboard }: { readonly dashboard: Dashboard }) {
  return (
    <Text wrap="truncate">
      {keyHints(dashboard).map(({ command, key }) => (
        <Text key={command.name}>
          <Text inverse>{` ${key} `}</Text>
          {` ${command.label} `}
        </Text>
      ))}
    </Text>
  );
}
