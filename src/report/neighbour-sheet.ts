import { type AnsweredQuery, type ChosenQueries, chooseQueries } from './choose-queries.js';
import { type Html, html } from './html.js';
import type { ReportedEmbeddings, ReportOptions } from './run-report.js';
import { thumbnailAddresses } from './thumbnail-addresses.js';

/** In pixels: sharp on a screen of two pixels a point. */
const thumbnailSide = 144;

interface Sheet {
  readonly embeddings: ReportedEmbeddings;
  /** By number of the image. */
  readonly addresses: ReadonlyMap<number, string>;
}

function renderPicture({ embeddings, addresses }: Sheet, image: number): Html {
  const { names } = embeddings;
  return html`<img src="${addresses.get(image)}" alt="${names[image]}" title="${names[image]}">`;
}

function renderQuery(sheet: Sheet, { query, neighbours }: AnsweredQuery): Html {
  const { labels, classNames, names } = sheet.embeddings;
  const found = neighbours.map(({ row, distance }) => {
    const isRight = labels[row] === labels[query];
    const sign = isRight
      ? html`<span class="sign">✓<span class="unseen"> right: </span></span>`
      : html`<span class="sign">✗<span class="unseen"> wrong: </span></span>`;
    return html`<li class="${isRight ? 'right' : 'wrong'}">${renderPicture(sheet, row)}
<p>${sign} <bdi class="name">${classNames[labels[row]]}</bdi> <span class="soft">${distance.toFixed(3)}</span></p></li>`;
  });
  return html`<li><div class="asked">${renderPicture(sheet, query)}
<p><strong><bdi>${classNames[labels[query]]}</bdi></strong><br><bdi class="soft">${names[query]}</bdi></p></div>
<ol class="found" aria-label="Nearest images, nearest first">${found}</ol></li>`;
}

function explain({ wrong, right, looked, lookedWrong }: ChosenQueries, images: number): string {
  return (
    `Of ${images} images, ${looked} were asked about for this sheet, drawn evenly from the classes; the nearest image ` +
    `of ${lookedWrong} of them is of another class. Shown are ${wrong.length} of those, then ${right.length} of the ` +
    'rest: how many are wrong here says nothing about the whole. Under each image are its class and its distance.'
  );
}

/** A few queries, each with its nearest images: ✓ of its class, ✗ of another. */
export async function renderNeighbours(
  embeddings: ReportedEmbeddings,
  options: ReportOptions,
): Promise<Html> {
  const queries = await chooseQueries(embeddings, options);
  const chosen = [...queries.wrong, ...queries.right];
  if (chosen.length === 0) {
    return html`<section><h2>Nearest neighbours</h2><p>No image has another of its class to be found.</p></section>`;
  }
  const images = chosen.flatMap(({ query, neighbours }) => [query, ...neighbours.map(({ row }) => row)]);
  const addresses = await thumbnailAddresses(embeddings, images, {
    side: thumbnailSide,
    signal: options.signal,
  });
  return html`<section><h2>Nearest neighbours</h2>
<p class="soft">${explain(queries, embeddings.block.count)}</p>
<ol class="sheet">${chosen.map(answer => renderQuery({ embeddings, addresses }, answer))}</ol></section>`;
}
