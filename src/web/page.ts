import { type Answer, type Collection, createApi, imageUrl, KeyRefused } from './api.js';
import {
  type CardOptions,
  createElement,
  createNeighbour,
  createPlaceholders,
  createSample,
} from './cards.js';
import { elements } from './elements.js';
import { createKeyForm } from './key-form.js';
import { createPictures } from './pictures.js';
import { createQueryView, type Query } from './query-view.js';
import { sampleItems } from './sample-items.js';
import { createStoredKey } from './stored-key.js';
import { takeFiles } from './take-files.js';

const storedKey = createStoredKey();
const api = createApi(storedKey.read);
const pictures = createPictures({
  api,
  hasKey: () => storedKey.read() !== undefined,
  onRefused: refused => askForKey(refused),
});
const keyForm = createKeyForm(key => {
  storedKey.keep(key);
  // It may have been refused to show it.
  if (page.query !== undefined) queryView.show(page.query);
  void start();
});
const queryView = createQueryView(pictures, () => searchAgain());

const page = {
  collections: [] as readonly Collection[],
  query: undefined as Query | undefined,
  /** Cursor of the results that follow those shown; null when there are none. */
  next: null as string | null,
  /** Stops the search before, when another is asked for. */
  searching: new AbortController(),
};

const formatCount = (count: number): string => count.toLocaleString('en');
const countPictures = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? 'picture' : 'pictures'}`;

const describeTimings = ({ decode, embed, search: find }: Answer['timingsMs']): string =>
  `decode ${decode.toFixed(1)} ms · embed ${embed.toFixed(1)} ms · search ${find.toFixed(1)} ms`;

function askForKey({ message, key }: KeyRefused): void {
  // What was asked with a key before this one.
  if (key !== storedKey.read()) return;
  storedKey.forget();
  elements.forgetKey.hidden = true;
  elements.status.textContent = '';
  keyForm.ask(key === undefined ? undefined : message);
}

function showError(error: unknown): void {
  if (error instanceof KeyRefused) {
    askForKey(error);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  elements.error.textContent = message;
  elements.error.hidden = false;
  elements.status.textContent = '';
}

const chosenCollection = (): Collection | undefined => page.collections[elements.collection.selectedIndex];

const cardOptions = ({ name }: Collection): CardOptions => ({
  collection: name,
  pictures,
  onPick: item => {
    window.scrollTo({ top: 0 });
    // The picked neighbour is about to vanish, and the keyboard's place with it.
    if (elements.results.contains(document.activeElement))
      elements.answerTitle.focus({ preventScroll: true });
    void searchWith({ item, collection: name });
  },
});

function showAnswer({ results, next, timingsMs }: Answer, collection: Collection): void {
  page.next = next;
  elements.more.hidden = next === null;
  elements.results.append(...results.map(result => createNeighbour(result, cardOptions(collection))));
  const shown = formatCount(elements.results.childElementCount);
  elements.status.replaceChildren(
    createElement('span', {}, [`${shown} of ${countPictures(collection.items)}`]),
    createElement('span', { className: 'timings' }, [describeTimings(timingsMs)]),
  );
}

async function ask(query: Query, { name }: Collection, signal: AbortSignal): Promise<Answer> {
  const options = {
    k: Number(elements.k.value),
    onePerLabel: elements.onePerLabel.checked,
    box: queryView.box(),
    signal,
  };
  if ('file' in query) return api.searchByImage(name, query.file, options);
  const { item, collection } = query;
  if (collection === name) return api.searchByItem(name, item.id, options);
  return api.searchByImage(name, await api.readPicture(imageUrl(collection, item), signal), options);
}

interface Asked {
  answer(signal: AbortSignal): Promise<Answer>;
  show(answer: Answer): void;
  /** Takes away what no longer holds when there is no answer. */
  fail?(): void;
}

/** Asks in place of whatever was asked before. */
async function search(asked: Asked): Promise<void> {
  page.searching.abort();
  page.searching = new AbortController();
  const { signal } = page.searching;
  elements.error.hidden = true;
  elements.empty.hidden = true;
  elements.status.textContent = 'Searching…';
  elements.answer.ariaBusy = 'true';
  try {
    const answer = await asked.answer(signal);
    if (signal.aborted) return;
    asked.show(answer);
  } catch (error) {
    if (signal.aborted) return;
    asked.fail?.();
    showError(error);
  }
  elements.answer.ariaBusy = 'false';
}

async function searchWith(query: Query): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  if (page.query !== query) queryView.show(query);
  page.query = query;
  elements.more.hidden = true;
  if (elements.results.childElementCount === 0) {
    const count = Math.min(Number(elements.k.value), collection.items);
    elements.results.replaceChildren(...createPlaceholders(count));
  }
  await search({
    answer: signal => ask(query, collection, signal),
    show(answer) {
      pictures.empty(elements.results);
      showAnswer(answer, collection);
    },
    fail: () => pictures.empty(elements.results),
  });
}

const searchAgain = (): void => void (page.query !== undefined && searchWith(page.query));

async function showMore(): Promise<void> {
  const collection = chosenCollection();
  const { next } = page;
  if (collection === undefined || next === null) return;
  const shown = elements.results.childElementCount;
  await search({
    answer: signal => api.searchOn(collection.name, next, signal),
    show(answer) {
      showAnswer(answer, collection);
      // The button may be gone, and the reader goes on with the first of those that came.
      const first = elements.results.children.item(shown)?.querySelector('button');
      (first ?? elements.answerTitle).focus();
    },
  });
}

async function showSamples(shift: number): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  const items = await sampleItems(api, collection, shift);
  if (collection !== chosenCollection()) return;
  pictures.empty(elements.samples);
  elements.samples.append(...items.map(item => createSample(item, cardOptions(collection))));
  elements.samplesSection.hidden = items.length === 0;
}

async function chooseCollection(): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  const { items, modelId, dimension } = collection;
  elements.facts.textContent = `${countPictures(items)} · ${dimension} dimensions · ${modelId}`;
  searchAgain();
  await showSamples(0);
}

function listen(): void {
  takeFiles(file => void searchWith({ file }));
  elements.k.addEventListener('change', searchAgain);
  elements.onePerLabel.addEventListener('change', searchAgain);
  elements.more.addEventListener('click', () => void showMore());
  elements.collection.addEventListener('change', () => void chooseCollection().catch(showError));
  elements.others.addEventListener('click', () => void showSamples(Math.random()).catch(showError));
  elements.forgetKey.addEventListener('click', () => {
    storedKey.forget();
    // So that nothing stays on the screen that was got with it.
    location.reload();
  });
}

async function showCollections(): Promise<void> {
  elements.forgetKey.hidden = storedKey.read() === undefined;
  page.collections = await api.listCollections();
  elements.collection.replaceChildren(...page.collections.map(({ name }) => new Option(name)));
  elements.collectionPicker.hidden = page.collections.length < 2;
  if (page.collections.length === 0) throw new Error('The gallery has no collection yet.');
  await chooseCollection();
}

async function start(): Promise<void> {
  elements.error.hidden = true;
  await showCollections().catch(showError);
}

listen();
void start();
void api
  .hasDocs()
  .then(hasDocs => {
    elements.docsLink.hidden = !hasDocs;
  })
  // Without an answer there is nothing to link to, and `start` says so.
  .catch(() => undefined);
