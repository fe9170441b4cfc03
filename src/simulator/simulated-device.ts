/**
 * A device with a volatile cache: a leg (a sector holds a number that stands for 512 bytes) or the log
 * (a sector holds its bytes).
 *
 *   write ──▶ visible ──── what a read returns
 *         └─▶ cache ─flush─▶ durable ──── what a power cut leaves, together with any part of the cache
 *
 * The cache keeps every version that was written since the sector was last made durable, because a
 * device may have written back any of them. Sectors are written whole or not at all.
 */

export interface CachedSector<Content> {
  /** Position in the order of all sector writes of this device. */
  readonly order: number;
  readonly sector: number;
  readonly content: Content;
  /** The write it belongs to, numbered over all devices. */
  readonly write: number;
}

export class SimulatedDevice<Content> {
  readonly #visible: Content[];
  readonly #durable: Content[];
  #cache: CachedSector<Content>[] = [];
  #order = 0;

  constructor(contents: readonly Content[]) {
    this.#visible = [...contents];
    this.#durable = [...contents];
  }

  get sectorCount(): number {
    return this.#visible.length;
  }

  read(sector: number): Content {
    return this.#visible[sector] as Content;
  }

  /** What a power cut may leave of `sector`. */
  mayHold(sector: number): Content[] {
    const cached = this.#cache.filter((entry) => entry.sector === sector);
    return [this.#durable[sector] as Content, ...cached.map(({ content }) => content)];
  }

  /** Nothing of these sectors is in the cache only. */
  isSettled(first: number, count: number): boolean {
    return !this.#cache.some(({ sector }) => sector >= first && sector < first + count);
  }

  write(sector: number, content: Content, write: number): void {
    this.#visible[sector] = content;
    this.#order += 1;
    this.#cache.push({ order: this.#order, sector, content, write });
  }

  /** Past the cache, as with FUA: older versions of the sector cannot come back. */
  writeDurably(sector: number, content: Content): void {
    this.#visible[sector] = content;
    this.#durable[sector] = content;
    if (this.#cache.length === 0) return;
    this.#cache = this.#cache.filter((entry) => entry.sector !== sector);
  }

  /** What a flush that begins now will cover; given back to `flush` when it ends. */
  get mark(): number {
    return this.#order;
  }

  flush(mark: number): void {
    this.failFlush(mark, () => false);
  }

  /** Of what the flush covered, the sectors that `drops` picks are lost. Returns what was. */
  failFlush(mark: number, drops: (sector: number) => boolean): CachedSector<Content>[] {
    const covered = this.#cache.filter(({ order }) => order <= mark);
    this.#cache = this.#cache.filter(({ order }) => order > mark);
    const lost: CachedSector<Content>[] = [];
    for (const entry of covered) {
      if (drops(entry.sector)) lost.push(entry);
      else this.#durable[entry.sector] = entry.content;
    }
    for (const { sector } of lost) this.#visible[sector] = this.#latest(sector);
    return lost;
  }

  /** Power is cut; the cached sectors that `survives` picks had been written back in time. */
  losePower(survives: (entry: { readonly write: number }) => boolean): void {
    for (const entry of this.#cache) {
      if (survives(entry)) this.#durable[entry.sector] = entry.content;
    }
    this.#cache = [];
    for (let sector = 0; sector < this.#visible.length; sector += 1) {
      this.#visible[sector] = this.#durable[sector] as Content;
    }
  }

  /** The writes that are in the cache, at least in part. */
  cachedWrites(): Set<number> {
    return new Set(this.#cache.map(({ write }) => write));
  }

  clone(): SimulatedDevice<Content> {
    const twin = new SimulatedDevice(this.#durable);
    for (let sector = 0; sector < this.#visible.length; sector += 1) {
      twin.#visible[sector] = this.#visible[sector] as Content;
    }
    twin.#cache = [...this.#cache];
    twin.#order = this.#order;
    return twin;
  }

  /** Same key, same future. `nameOf` names a content. */
  key(nameOf: (content: Content) => string): string {
    const cache = this.#cache.map(({ sector, content }) => `${sector}=${nameOf(content)}`);
    return [this.#durable.map(nameOf), this.#visible.map(nameOf), cache].join(';');
  }

  #latest(sector: number): Content {
    const entry = this.#cache.findLast((cached) => cached.sector === sector);
    return (entry === undefined ? this.#durable[sector] : entry.content) as Content;
  }
}
