/** The icons' paths, on 20 by 20, drawn as lines. */
export const ICONS: Record<string, string> = {
  select: 'M4.5 3l11 5.2-4.7 1.6-2 4.9z',
  hand: 'M6.5 9.5V4.8a1.2 1.2 0 0 1 2.4 0V9m0-5a1.2 1.2 0 0 1 2.4 0v5m0-3.8a1.2 1.2 0 0 1 2.4 0V10m0-2.8a1.2 1.2 0 0 1 2.4 0v4.3c0 3.5-2 5.5-5 5.5-2.6 0-3.8-1.2-5-3.3L3.6 10.6a1.2 1.2 0 0 1 2-1.3l.9 1.2',
  pen: 'M3.5 16.5l1-3.6 8.8-8.8a1.5 1.5 0 0 1 2.1 0l.5.5a1.5 1.5 0 0 1 0 2.1l-8.8 8.8zM11.8 5.6l2.6 2.6',
  rect: 'M5 4.5h10a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 14V6A1.5 1.5 0 0 1 5 4.5z',
  ellipse: 'M10 4c4 0 7 2.7 7 6s-3 6-7 6-7-2.7-7-6 3-6 7-6z',
  arrow: 'M4 16L16 4M8.5 4H16v7.5',
  text: 'M4.5 6V4.5h11V6M10 4.5v11M8 15.5h4',
  note: 'M4.5 3.5h11a1 1 0 0 1 1 1V11l-5.5 5.5H4.5a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1zM16.5 11H12a1 1 0 0 0-1 1v4.5',
  image: 'M4.5 4h11A1.5 1.5 0 0 1 17 5.5v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 14.5v-9A1.5 1.5 0 0 1 4.5 4zM3.5 14l4-4 3 3 2-2 4 4M12.8 7.5h.01',
  frame: 'M6 3v14M14 3v14M3 6h14M3 14h14',
  eraser: 'M8 16.5l-4.3-4.3a1.2 1.2 0 0 1 0-1.7l6.8-6.8a1.2 1.2 0 0 1 1.7 0l4.1 4.1a1.2 1.2 0 0 1 0 1.7L9.8 16.5zM7 7.2l5.8 5.8M8 16.5h9',
  laser: 'M4 16l5.5-5.5M12.5 3v2.5M12.5 9.5V12M8 7.5h2.5M14.5 7.5H17M9.3 4.3L11 6M15.7 4.3L14 6M15.7 10.7L14 9',
  undo: 'M7 4L3.5 7.5 7 11M4 7.5h7.5a4.5 4.5 0 0 1 0 9H8',
  redo: 'M13 4l3.5 3.5L13 11M16 7.5H8.5a4.5 4.5 0 0 0 0 9H12',
  plus: 'M10 4.5v11M4.5 10h11',
  minus: 'M4.5 10h11',
  fit: 'M3.5 7.5v-3a1 1 0 0 1 1-1h3M12.5 3.5h3a1 1 0 0 1 1 1v3M16.5 12.5v3a1 1 0 0 1-1 1h-3M7.5 16.5h-3a1 1 0 0 1-1-1v-3',
  menu: 'M3.5 5.5h13M3.5 10h13M3.5 14.5h13',
  share: 'M8.3 11.7a3.3 3.3 0 0 0 4.7 0l2.6-2.6a3.3 3.3 0 0 0-4.7-4.7l-.9.9M11.7 8.3a3.3 3.3 0 0 0-4.7 0l-2.6 2.6a3.3 3.3 0 0 0 4.7 4.7l.9-.9',
  front: 'M8 3.5h8.5V12H8zM5.5 8.5h-2v8H12v-2',
  back: 'M3.5 3.5H12V12H3.5zM14.5 8.5h2v8H8v-2',
  copy: 'M7.5 7.5h9v9h-9zM12.5 5V3.5h-9v9H5',
  trash: 'M4 5.5h12M8 5.5V4h4v1.5M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5',
  group: 'M3.5 3.5h3v3h-3zM13.5 3.5h3v3h-3zM3.5 13.5h3v3h-3zM13.5 13.5h3v3h-3zM6.5 5h7M6.5 15h7M5 6.5v7M15 6.5v7',
  ungroup: 'M3.5 3.5h3v3h-3zM13.5 3.5h3v3h-3zM3.5 13.5h3v3h-3zM13.5 13.5h3v3h-3z',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  unlock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 5.8-1',
  style: 'M10 3a7 7 0 1 0 0 14c1.2 0 1.7-.8 1.4-1.7-.4-1.3.2-2.3 1.6-2.3h1.5c1.5 0 2.5-1 2.5-2.8C17 6 14 3 10 3zM7 8h.01M11 6.3h.01M6.3 12h.01',
};

/** An icon as an element. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg.namespaceURI, 'path') as SVGPathElement;
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
