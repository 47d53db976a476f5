import { type Item, thumbnailUrl } from './api.js';

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

interface CardOptions {
  readonly collection: string;
  readonly onPick: (item: Item) => void;
}

function createPictureButton(
  item: Item,
  caption: readonly Node[],
  { collection, onPick }: CardOptions,
): HTMLButtonElement {
  const picture = createElement('img', {
    className: 'thumbnail',
    loading: 'lazy',
    decoding: 'async',
    width: 256,
    height: 256,
    // The button's own text or label says which picture it is.
    alt: '',
    src: thumbnailUrl(collection, item, 256),
  });
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

export function createNeighbour(item: Item, distance: number, options: CardOptions): HTMLLIElement {
  const nearness = Math.min(1, Math.max(0, 1 - distance / farthest));
  const bar = createElement('span', { className: 'bar', ariaHidden: 'true' });
  bar.style.setProperty('--nearness', String(nearness));
  const caption = [
    createElement('span', { className: 'label' }, [item.label ?? 'No label']),
    createElement('span', { className: 'key' }, breakKey(item.key)),
    bar,
    createElement('span', { className: 'distance' }, [`distance ${distance.toFixed(3)}`]),
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
