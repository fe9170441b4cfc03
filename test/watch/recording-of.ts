import { recorded } from '../../src/watch/recording.ts';
import type { ScriptedEngine } from '../tui/scripted-engine.ts';

/** The lines of a recording in which one more region loses sync each second, from second 0 on. */
export async function recordingOf(seconds: number, engine: ScriptedEngine): Promise<string[]> {
  const lines: string[] = [];
  let now = 0;
  const source = recorded(
    engine,
    (line) => lines.push(line),
    () => now,
  ).open();
  const { regionCount } = engine.status;
  for (; now <= seconds; now += 1) {
    engine.states[now] = 2;
    engine.status = { ...engine.status, inSyncRegions: regionCount - 1 - now };
    await source.ask({ ask: 'map', since: now });
    for (const ask of ['status', 'counters'] as const) await source.ask({ ask });
    await source.ask({ ask: 'events', since: 0 });
  }
  return lines;
}
