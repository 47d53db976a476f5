import { type Item, type Neighbour, thumbnailUrl } from './api.js';
import type { Pictures } from './pictures.js';

/** Distances of unit vectors end at 2: opposite. */
const farthest = 2;

export function createElement<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

export interface CardOptions {
  readonly collection: string;
  readonly pictures: Pictures;
  readonly onPick: (item: Item) => void;
}

function createPictureButton(
  item: Item,
  caption: readonly Node[],
  { collection, pictures, onPick }: CardOptions,
): HTMLButtonElement {
  const picture = createElement('img', {
    className: 'thumbnail',
    loading: 'lazy',
    decoding: 'async',
    width: 256,
    height: 256,
    // The button's own text or label says which picture it is.
    alt: '',
  });
  pictures.show(picture, thumbnailUrl(collection, item, 256));
  const button = createElement('button', { type: 'button', className: 'card' }, [picture, ...caption]);
  button.addEventListener('click', () => onPick(item));
  return button;
}

export function createSample(item: Item, options: CardOptions): HTMLLIElement {
  const button = createPictureButton(item, [], options);
  const name = item.label === null ? item.key : `${item.label}, ${item.key}`;
  button.ariaLabel = `Search with ${name}`;
  button.title = name;
  return createElement('li', {}, [button]);
}

/** A key that may be broken after its slashes. */
const breakKey = (key: string): (Node | string)[] =>
  key.split(/(?<=\/)/).flatMap(part => [part, createElement('wbr')]);

/** Rounded down: what is not all is not shown as all. */
const formatHundredths = (share: number): string => (Math.floor(share * 1000) / 10).toFixed(1);

const createSimilarity = (similarity: number): HTMLSpanElement =>
  createElement('span', {
    className: 'similarity',
    title:
      `Of a hundred random pairs of pictures of this collection, ${formatHundredths(similarity)} are less alike ` +
      'than these two. It is no probability that both show the same thing.',
    textContent: `similarity ${formatHundredths(similarity)} %`,
  });

export function createNeighbour(
  { item, distance, similarity }: Neighbour,
  options: CardOptions,
): HTMLLIElement {
  const nearness = Math.min(1, Math.max(0, 1 - distance / farthest));
  const bar = createElement('span', { className: 'bar', ariaHidden: 'true' });
  bar.style.setProperty('--nearness', String(nearness));
  const caption = [
    createElement('span', { className: 'label' }, [item.label ?? 'No label']),
    createElement('span', { className: 'key' }, breakKey(item.key)),
    bar,
    createElement('span', { className: 'distance' }, [`distance ${distance.toFixed(3)}`]),
    ...(similarity === null ? [] : [createSimilarity(similarity)]),
  ];
  const button = createPictureButton(item, caption, options);
  button.title = `Search with ${item.key}`;
  return createElement('li', {}, [button]);
}

/** Grey squares in place of what is being asked for. */
export const createPlaceholders = (count: number): HTMLLIElement[] =>
  Array.from({ length: count }, () => {
    const square = createElement('span', { className: 'thumbnail' });
    return createElement('li', { className: 'placeholder', ariaHidden: 'true' }, [square]);
  });
