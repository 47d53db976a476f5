import { Html, html } from './html.js';
import { reportStyle } from './report-style.js';

/** Nothing is loaded, run or sent; whatever a name might smuggle in, the browser refuses. */
const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** One page without scripts or anything outside it. */
export function renderPage({
  title,
  sections,
}: {
  readonly title: string;
  readonly sections: readonly (Html | undefined)[];
}): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(reportStyle)}</style>
</head>
<body>
<header><h1>${title}</h1></header>
<main>
${sections.map(section => section && html`${section}\n`)}</main>
<footer>Written by Medoid. This file is whole: it asks nothing of the network.</footer>
</body>
</html>
`;
  return page.text;
}
