/** Whether an address may be shown as an image: the web's, or an image itself. Nothing that runs. */
export function isImageAddress(src: string): boolean {
  if (src.startsWith('data:image/')) return true;
  try {
    return ['http:', 'https:'].includes(new URL(src).protocol);
  } catch {
    return false;
  }
}

interface Entry {
  picture: HTMLImageElement | undefined;
  /** Its pixels may be read, so that it can be exported. */
  open: boolean;
  readonly shapes: Set<string>;
}

const MOST = 500; // images; further ones are shown as missing

/** Loads images by their addresses. Their servers are not told which board shows them. */
export class Images {
  private readonly entries = new Map<string, Entry>();

  /** onLoad is called with the shapes that show an image when it has come. */
  constructor(private readonly onLoad: (shapes: ReadonlySet<string>) => void) {}

  /** An image if it has come; else it is loaded for the shape. */
  get(src: string, shape: string): HTMLImageElement | undefined {
    let entry = this.entries.get(src);
    if (entry === undefined) {
      if (this.entries.size >= MOST || !isImageAddress(src)) return undefined;
      entry = { picture: undefined, open: false, shapes: new Set() };
      this.entries.set(src, entry);
      void this.load(src, entry);
    }
    entry.shapes.add(shape);
    return entry.picture;
  }

  /** Whether an image may be drawn on a canvas that is exported. */
  isOpen(src: string): boolean {
    return this.entries.get(src)?.open ?? false;
  }

  /** An image's size, or an error that says why there is none. */
  async measure(src: string): Promise<{ w: number; h: number }> {
    if (!isImageAddress(src)) throw new Error('An image’s address begins with https://, http:// or data:image/');
    const picture = await loaded(src, true).catch(() => loaded(src, false));
    return { w: picture.naturalWidth || 300, h: picture.naturalHeight || 200 };
  }

  private async load(src: string, entry: Entry): Promise<void> {
    try {
      entry.picture = await loaded(src, true);
      entry.open = true;
    } catch {
      entry.picture = await loaded(src, false).catch(() => undefined); // shown, but not exported
    }
    if (entry.picture !== undefined) this.onLoad(entry.shapes);
  }
}

async function loaded(src: string, open: boolean): Promise<HTMLImageElement> {
  const image = new Image();
  image.referrerPolicy = 'no-referrer';
  if (open && !src.startsWith('data:')) image.crossOrigin = 'anonymous';
  image.src = src;
  try {
    await image.decode();
  } catch {
    throw new Error('There is no image at this address');
  }
  return image;
}
