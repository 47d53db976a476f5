import { type Html, html } from './html.js';
import { mapSize, type PlacedImage, type PlacedImages, placeOnMap } from './place-on-map.js';
import type { ReportedEmbeddings, ReportOptions } from './run-report.js';
import { thumbnailAddresses } from './thumbnail-addresses.js';

/** In pixels: sharp where the map is as wide as a large screen. */
const thumbnailPixels = 64;
/** More colours than that are no help in a legend. */
const legendUpTo = 60;

/** Hues a golden angle apart, so that any number of classes spreads over the circle; the lightness varies too. */
function colourOf(label: number): string {
  const hue = (label * 137.508 + 25) % 360;
  const lightness = [62, 72, 52][label % 3];
  return `oklch(${lightness}% 0.15 ${hue.toFixed(1)})`;
}

function renderPoint({ image, x, y }: PlacedImage, { labels, classNames, names }: ReportedEmbeddings): Html {
  return html`<circle cx="${x}" cy="${y}" r="4.5"><title>${classNames[labels[image]]} · ${names[image]}</title></circle>`;
}

function renderThumbnail(
  { image, x, y }: PlacedImage,
  { labels, classNames, names }: ReportedEmbeddings,
  address: string | undefined,
): Html {
  const side = mapSize.thumbnail;
  return html`<g transform="translate(${x - side / 2} ${y - side / 2})"><title>${classNames[labels[image]]} · ${names[image]}</title>
<image width="${side}" height="${side}" preserveAspectRatio="xMidYMid slice" href="${address}"/>
<rect width="${side}" height="${side}" fill="none" stroke="${colourOf(labels[image])}" stroke-width="3"/></g>`;
}

/** Points in one group a class, which holds their colour. */
function renderPoints(points: readonly PlacedImage[], embeddings: ReportedEmbeddings): Html[] {
  const { labels } = embeddings;
  const present = [...new Set(points.map(({ image }) => labels[image]))].sort((a, b) => a - b);
  return present.map(label => {
    const own = points.filter(({ image }) => labels[image] === label);
    return html`<g fill="${colourOf(label)}">${own.map(point => renderPoint(point, embeddings))}</g>`;
  });
}

function renderLegend({ points }: PlacedImages, { labels, classNames }: ReportedEmbeddings): Html {
  const counts = new Map<number, number>();
  for (const { image } of points) counts.set(labels[image], (counts.get(labels[image]) ?? 0) + 1);
  if (counts.size > legendUpTo) {
    return html`<p class="soft">${counts.size} classes, each with a colour; point at an image to read its own.</p>`;
  }
  const entries = [...counts].sort(([a], [b]) => a - b);
  return html`<ul class="legend" aria-label="Classes and how many of their images are on the map">${entries.map(
    ([label, count]) =>
      html`<li><i style="background:${colourOf(label)}"></i><bdi>${classNames[label]}</bdi> <span class="soft">${count}</span></li>`,
  )}</ul>`;
}

function explain({ points, pictured }: PlacedImages, images: number, seed: number): string {
  const whole = points.length === images ? `All ${images}` : `A sample of ${points.length} of ${images}`;
  return (
    `${whole} images as points, ${pictured.length} of them as pictures, laid out in the plane by the distances between ` +
    `their embeddings (seed ${seed}). Images near each other are alike to the model; directions mean nothing, nor do ` +
    'the distances between far groups. Colours are classes; point at an image to read its own.'
  );
}

/** The embeddings in two dimensions, as coloured points and pictures. */
export async function renderMap(embeddings: ReportedEmbeddings, options: ReportOptions): Promise<Html> {
  const { block } = embeddings;
  if (block.count === 0) return html`<section><h2>Map</h2><p>There are no images.</p></section>`;
  const placed = await placeOnMap(embeddings, options);
  const addresses = await thumbnailAddresses(
    embeddings,
    placed.pictured.map(({ image }) => image),
    { side: thumbnailPixels, signal: options.signal },
  );
  const pictures = placed.pictured.map(point =>
    renderThumbnail(point, embeddings, addresses.get(point.image)),
  );
  return html`<section><h2>Map</h2>
<p class="soft">${explain(placed, block.count, options.seed)}</p>
<div class="scroll map" role="region" aria-label="Map of the embeddings" tabindex="0">
<svg viewBox="0 0 ${mapSize.width} ${placed.height}" role="img" aria-label="${placed.points.length} images in two dimensions, near ones alike">
${renderPoints(placed.points, embeddings)}
${pictures}</svg></div>
${renderLegend(placed, embeddings)}</section>`;
}
