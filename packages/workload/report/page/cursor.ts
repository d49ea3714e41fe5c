// The cursor of a chart: mouse, finger and arrow keys move the same line; the legend and a line of text say what is there.

import { colourOf, type Drawing, type Stop } from "./drawing.js";

const SVG = "http://www.w3.org/2000/svg";
/** Stops that Page Up and Page Down go at a time: a tenth of them. */
const PAGES = 10;

/** Makes a place answer to pointer and keys. Give it each new drawing. */
export function followCursor(place: HTMLElement): { show(drawing: Drawing): void } {
  const figure = place.closest("figure");
  const readout = figure?.querySelector<HTMLElement>(".readout") ?? undefined;
  const values = new Map<string, HTMLElement>();
  for (const key of figure?.querySelectorAll<HTMLElement>("[data-key]") ?? []) {
    const value = key.querySelector<HTMLElement>(".value");
    if (value !== null) values.set(key.dataset.key ?? "", value);
  }
  let drawing: Drawing | undefined;
  let at: number | undefined;
  let layer: SVGGElement | undefined;

  const move = (index: number | undefined): void => {
    if (drawing === undefined || drawing.stops.length === 0) return;
    at = index === undefined ? undefined : Math.min(Math.max(index, 0), drawing.stops.length - 1);
    const stop = at === undefined ? undefined : drawing.stops[at]!;
    layer?.replaceChildren(...(stop === undefined ? [] : cursorMarks(stop, drawing)));
    for (const [name, value] of values) value.textContent = stop?.values[name] ?? "";
    if (readout !== undefined) readout.textContent = stop?.text ?? "";
  };

  place.addEventListener("pointermove", (event) => move(nearest(drawing, event, place)));
  place.addEventListener("pointerdown", (event) => move(nearest(drawing, event, place)));
  place.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && document.activeElement !== place) move(undefined);
  });
  place.addEventListener("blur", () => move(undefined));
  place.addEventListener("keydown", (event) => {
    const last = (drawing?.stops.length ?? 0) - 1;
    if (last < 0) return;
    const leap = Math.max(1, Math.round(last / PAGES));
    const targets: Readonly<Record<string, number | undefined>> = {
      ArrowRight: at === undefined ? 0 : at + 1,
      ArrowLeft: at === undefined ? last : at - 1,
      PageUp: (at ?? 0) + leap,
      PageDown: (at ?? last) - leap,
      Home: 0,
      End: last,
      Escape: undefined,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    move(targets[event.key]);
  });
  return {
    show(next) {
      drawing = next;
      layer = document.createElementNS(SVG, "g");
      layer.setAttribute("pointer-events", "none");
      next.svg.append(layer);
      move(at);
    },
  };
}

function cursorMarks(stop: Stop, { top, bottom }: Drawing): SVGElement[] {
  const line = element("line", {
    x1: stop.x,
    x2: stop.x,
    y1: top,
    y2: bottom,
    stroke: "var(--ink)",
    "stroke-width": 1,
  });
  const points = stop.marks.map(({ y, colour }) =>
    element("circle", { cx: stop.x, cy: y, r: 4, fill: colourOf(colour), stroke: "var(--card)", "stroke-width": 1.5 }),
  );
  return [line, ...points];
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}

/** Index of the stop nearest to the pointer. */
function nearest(drawing: Drawing | undefined, event: PointerEvent, place: HTMLElement): number | undefined {
  if (drawing === undefined) return undefined;
  const box = place.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let found: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, stop] of drawing.stops.entries()) {
    const distance = (stop.x - x) ** 2 + (stop.y === undefined ? 0 : (stop.y - y) ** 2);
    if (distance >= least) continue;
    least = distance;
    found = index;
  }
  return found;
}
