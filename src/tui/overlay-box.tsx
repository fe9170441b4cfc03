/** The open overlay, over everything else. */
import { Box, Text } from 'ink';
import type { Dashboard } from './dashboard.ts';
import type { OverlayLine } from './overlay.ts';
import { planOverlay } from './overlay-plan.ts';
import type { Colour } from './paint.ts';
import { borderOf, colourOf } from './paint.ts';

export function OverlayBox({ dashboard }: { readonly dashboard: Dashboard }) {
  const { overlay } = dashboard;
  if (overlay === null) return null;
  const { rect, title, lines, isGrave } = planOverlay(dashboard, overlay);
  return (
    <Box
      position="absolute"
      left={rect.x}
      top={rect.y}
      width={rect.width}
      height={rect.height}
      flexDirection="column"
      borderStyle={dashboard.settings.traits.ascii ? 'classic' : 'double'}
      {...borderOf(dashboard, isGrave ? 'bad' : 'accent')}
    >
      <Box position="absolute" top={-1} left={1}>
        <Text bold {...colourOf(dashboard, isGrave ? 'bad' : 'accent')}>{` ${title} `}</Text>
      </Box>
      {lines.map(({ text, tone }, row) => (
        // Padded to the edge, so that nothing of the map shines through.
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: a line of an overlay is its row
          key={row}
          wrap="truncate"
          bold={tone === 'strong' || tone === 'command'}
          inverse={tone === 'chosen'}
          {...lineColour(dashboard, tone)}
        >
          {` ${text.slice(0, rect.width - 4).padEnd(rect.width - 4)} `}
        </Text>
      ))}
    </Box>
  );
}

function lineColour(dashboard: Dashboard, tone: OverlayLine['tone']): Colour {
  if (tone === 'plain' || tone === 'strong' || tone === 'chosen') return {};
  return colourOf(dashboard, tone === 'command' ? 'warning' : tone);
}
