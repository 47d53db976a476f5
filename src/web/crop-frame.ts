import type { CropBox } from './api.js';

interface CropFrameParts {
  /** As large as the picture in it. */
  readonly frame: HTMLElement;
  /** Lies over the picture, where the box is. */
  readonly outline: HTMLElement;
  /** Told of each box as it is finished, and of none when it is taken away. */
  readonly onChange: (box: CropBox | undefined) => void;
}

/** [x, y] from the left and the top, as shares of the frame, 0..1. */
type Point = readonly [number, number];

/** Pixels of the screen: a shorter drag was meant as a click. */
const shortestDrag = 8;

const clamp = (share: number): number => Math.min(1, Math.max(0, share));

const between = ([x, y]: Point, [otherX, otherY]: Point): CropBox => ({
  left: Math.min(x, otherX),
  top: Math.min(y, otherY),
  width: Math.abs(x - otherX),
  height: Math.abs(y - otherY),
});

/** Lets the reader draw a box over a picture. A click on the picture or Escape takes it away. */
export function createCropFrame({ frame, outline, onChange }: CropFrameParts) {
  let drawn: CropBox | undefined;
  let start: Point | undefined;

  const pointOf = ({ clientX, clientY }: PointerEvent): Point => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return [clamp((clientX - left) / width), clamp((clientY - top) / height)];
  };
  const isClick = ({ width, height }: CropBox): boolean =>
    Math.min(width * frame.clientWidth, height * frame.clientHeight) < shortestDrag;

  function show(box: CropBox | undefined): void {
    outline.hidden = box === undefined;
    for (const [side, share] of Object.entries(box ?? {})) outline.style.setProperty(side, `${share * 100}%`);
  }
  function finish(box: CropBox | undefined): void {
    start = undefined;
    show(box);
    if (box === drawn) return;
    drawn = box;
    onChange(box);
  }

  frame.addEventListener('pointerdown', event => {
    if (event.button !== 0 || !event.isPrimary) return;
    frame.setPointerCapture(event.pointerId);
    start = pointOf(event);
  });
  frame.addEventListener('pointermove', event => {
    if (start !== undefined) show(between(start, pointOf(event)));
  });
  frame.addEventListener('pointerup', event => {
    if (start === undefined) return;
    const box = between(start, pointOf(event));
    finish(isClick(box) ? undefined : box);
  });
  frame.addEventListener('pointercancel', () => finish(drawn));
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') finish(start === undefined ? undefined : drawn);
  });

  return {
    /** Takes the box away. */
    clear: (): void => finish(undefined),
    /** The same without telling anybody: there is another picture. */
    reset(): void {
      drawn = undefined;
      finish(undefined);
    },
  };
}
