import {
  type Answer,
  type Collection,
  type Item,
  imageUrl,
  listCollections,
  readBlob,
  search,
  thumbnailUrl,
} from './api.js';
import { createElement, createNeighbour, createPlaceholders, createSample } from './cards.js';
import { sampleItems } from './sample-items.js';

/** A picture to search with: a file of the reader's, or an item of a collection. */
interface Query {
  readonly name: string;
  readonly previewUrl: string;
  read(signal: AbortSignal): Promise<Blob>;
}

function find<Element extends HTMLElement>(id: string, kind: new () => Element): Element {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

const elements = {
  facts: find('facts', HTMLParagraphElement),
  collectionPicker: find('collection-picker', HTMLLabelElement),
  collection: find('collection', HTMLSelectElement),
  drop: find('drop', HTMLDivElement),
  preview: find('preview', HTMLImageElement),
  queryName: find('query-name', HTMLParagraphElement),
  file: find('file', HTMLInputElement),
  k: find('k', HTMLSelectElement),
  answer: find('answer', HTMLElement),
  answerTitle: find('answer-title', HTMLHeadingElement),
  status: find('status', HTMLParagraphElement),
  error: find('error', HTMLParagraphElement),
  empty: find('empty', HTMLParagraphElement),
  results: find('results', HTMLOListElement),
  samplesSection: find('samples-section', HTMLElement),
  others: find('others', HTMLButtonElement),
  samples: find('samples', HTMLUListElement),
};

const formatCount = (count: number): string => count.toLocaleString('en');
const countPictures = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? 'picture' : 'pictures'}`;

const describeTimings = ({ decode, embed, search: find }: Answer['timingsMs']): string =>
  `decode ${decode.toFixed(1)} ms · embed ${embed.toFixed(1)} ms · search ${find.toFixed(1)} ms`;

function showError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  elements.error.textContent = message.charAt(0).toUpperCase() + message.slice(1);
  elements.error.hidden = false;
  elements.status.textContent = '';
}

function showQuery({ name, previewUrl }: Query): void {
  if (elements.preview.src.startsWith('blob:')) URL.revokeObjectURL(elements.preview.src);
  elements.preview.src = previewUrl;
  elements.preview.hidden = false;
  elements.drop.classList.add('filled');
  elements.queryName.textContent = name;
  elements.queryName.hidden = false;
}

const page = {
  collections: [] as readonly Collection[],
  query: undefined as Query | undefined,
  /** Stops the search before, when another is asked for. */
  searching: new AbortController(),
};

const chosenCollection = (): Collection | undefined => page.collections[elements.collection.selectedIndex];

function useItem(collection: string, item: Item): void {
  window.scrollTo({ top: 0 });
  // The picked neighbour is about to vanish, and the keyboard's place with it.
  if (elements.results.contains(document.activeElement)) elements.answerTitle.focus({ preventScroll: true });
  void runQuery({
    name: item.key,
    previewUrl: thumbnailUrl(collection, item, 512),
    read: signal => readBlob(imageUrl(collection, item), signal),
  });
}

const useFile = (file: File): void =>
  void runQuery({ name: file.name, previewUrl: URL.createObjectURL(file), read: async () => file });

function showAnswer({ results, timingsMs }: Answer, { name, items }: Collection): void {
  const onPick = (item: Item): void => useItem(name, item);
  elements.results.replaceChildren(
    ...results.map(({ item, distance }) => createNeighbour(item, distance, { collection: name, onPick })),
  );
  elements.status.replaceChildren(
    createElement('span', {}, [`${formatCount(results.length)} of ${countPictures(items)}`]),
    createElement('span', { className: 'timings' }, [describeTimings(timingsMs)]),
  );
}

async function runQuery(query: Query): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  page.searching.abort();
  page.searching = new AbortController();
  const { signal } = page.searching;
  const k = Number(elements.k.value);
  if (page.query !== query) showQuery(query);
  page.query = query;
  elements.error.hidden = true;
  elements.empty.hidden = true;
  elements.status.textContent = 'Searching…';
  elements.answer.ariaBusy = 'true';
  if (elements.results.childElementCount === 0) {
    elements.results.replaceChildren(...createPlaceholders(Math.min(k, collection.items)));
  }
  try {
    const answer = await search(collection.name, await query.read(signal), { k, signal });
    if (signal.aborted) return;
    showAnswer(answer, collection);
  } catch (error) {
    if (signal.aborted) return;
    elements.results.replaceChildren();
    showError(error);
  }
  elements.answer.ariaBusy = 'false';
}

async function showSamples(shift: number): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  const items = await sampleItems(collection, shift);
  if (collection !== chosenCollection()) return;
  const { name } = collection;
  const onPick = (item: Item): void => useItem(name, item);
  elements.samples.replaceChildren(...items.map(item => createSample(item, { collection: name, onPick })));
  elements.samplesSection.hidden = items.length === 0;
}

async function chooseCollection(): Promise<void> {
  const collection = chosenCollection();
  if (collection === undefined) return;
  const { items, modelId, dimension } = collection;
  elements.facts.textContent = `${countPictures(items)} · ${dimension} dimensions · ${modelId}`;
  if (page.query !== undefined) void runQuery(page.query);
  await showSamples(0);
}

/** A picture that was dropped or pasted, wherever on the page. */
function useTransfer(event: Event, transfer: DataTransfer | null): void {
  const [file] = transfer?.files ?? [];
  if (file === undefined) return;
  event.preventDefault();
  useFile(file);
}

function listen(): void {
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', event => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    elements.drop.classList.add('over');
  });
  document.addEventListener('dragleave', event => {
    // Left the window, not merely one element for the next.
    if (event.relatedTarget === null) elements.drop.classList.remove('over');
  });
  document.addEventListener('drop', event => {
    elements.drop.classList.remove('over');
    if (carriesFiles(event)) event.preventDefault();
    useTransfer(event, event.dataTransfer);
  });
  document.addEventListener('paste', event => useTransfer(event, event.clipboardData));
  elements.file.addEventListener('change', () => {
    const [file] = elements.file.files ?? [];
    if (file !== undefined) useFile(file);
    // So that choosing the same file again is a change too.
    elements.file.value = '';
  });
  elements.preview.addEventListener('error', () => {
    // A kind the browser does not show, such as TIFF; the server may well read it.
    elements.preview.hidden = true;
    elements.drop.classList.remove('filled');
  });
  elements.k.addEventListener('change', () => page.query !== undefined && void runQuery(page.query));
  elements.collection.addEventListener('change', () => void chooseCollection().catch(showError));
  elements.others.addEventListener('click', () => void showSamples(Math.random()).catch(showError));
}

async function start(): Promise<void> {
  listen();
  page.collections = await listCollections();
  elements.collection.replaceChildren(...page.collections.map(({ name }) => new Option(name)));
  elements.collectionPicker.hidden = page.collections.length < 2;
  if (page.collections.length === 0) throw new Error('The gallery has no collection yet.');
  await chooseCollection();
}

start().catch(showError);
