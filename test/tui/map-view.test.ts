import { expect, test } from 'vitest';
import { MapCanvas } from '../../src/tui/map-canvas.ts';
import { MapView } from '../../src/tui/map-view.ts';
import { Painter } from '../../src/tui/painter.ts';
import { DEFAULT_THEME } from '../../src/tui/theme.ts';
import { halfBlockPen } from '../../src/tui/tones.ts';
import { RegionPicture } from '../../src/watch/region-picture.ts';

const TRUE_COLOUR = 16_777_216;
const REGIONS = 16_000;
const RECT = { x: 0, y: 0, width: 160, height: 51 };

/** A map that changes in every dot, ten times a second. */
class Storm {
  written = 0;
  now = 1;
  readonly view: MapView;
  readonly #picture = new RegionPicture(REGIONS);

  constructor() {
    const painter = new Painter(
      (text) => {
        this.written += Buffer.byteLength(text);
      },
      halfBlockPen(DEFAULT_THEME, TRUE_COLOUR),
    );
    const traits = { depth: TRUE_COLOUR, ascii: false } as const;
    this.view = new MapView(new MapCanvas(painter), traits, DEFAULT_THEME, () => this.now);
    this.view.place(RECT);
    this.view.take(this.#picture);
  }

  blow(seconds: number): number {
    const before = this.written;
    for (let frame = 0; frame < seconds * 10; frame += 1) {
      this.now += 0.1;
      const states = Array.from({ length: REGIONS }, (_, region) => [
        ...[region, 1, (region + frame) % 2],
      ]).flat();
      const map = { version: 1, regionCount: REGIONS, states, writes: [], missing: [] };
      this.#picture.apply({ ...map, differing: [] }, this.now, this.view.canvas);
      this.view.frame();
    }
    return (this.written - before) / seconds;
  }
}

test('a storm of changes keeps to its bytes a second, and to fewer over a slow line', () => {
  const storm = new Storm();
  storm.blow(4);
  expect(storm.blow(8) / 1024).toBeLessThan(12);
  storm.view.isSlow = true;
  storm.blow(4);
  expect(storm.blow(8) / 1024).toBeLessThan(4.5);
});

test('what a key asks for is there at once, however much has been painted lately', () => {
  const storm = new Storm();
  storm.blow(5);
  const before = storm.written;
  storm.view.zoom(4);
  // Every dot shows another region.
  expect(storm.written - before).toBeGreaterThan(RECT.width * RECT.height);
});
