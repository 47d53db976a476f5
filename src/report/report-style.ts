/** The look of a report, light and dark; part of the file, since a report has nothing beside it. */
export const reportStyle = `
:root { color-scheme: light dark; --ground: #f6f7f9; --surface: #fff; --line: #dcdfe6; --text: #1b1f29; --soft: #5c6475;
  --around: #a3aabb; --right: #17703c; --wrong: #b3261e; --warn: #8a4b00; --warn-tint: #fff4e0; --series-1: #4456d6;
  --series-2: #c2410c; --series-3: #0f766e; --series-4: #a21caf; --series-5: #8a6d00; --series-6: #475569; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161b; --surface: #1d2027; --line: #323743; --text: #e8eaf0; --soft: #a0a8b8; --around: #6d7486;
    --right: #6fd08f; --wrong: #ff9a9a; --warn: #ffc36b; --warn-tint: #352a17; --series-1: #8e9bff; --series-2: #ff9d66;
    --series-3: #4fd1c0; --series-4: #e58bf0; --series-5: #e2c04d; --series-6: #b4bfcf; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0 clamp(14px, 3vw, 32px) 48px; max-width: 1240px; background: var(--ground);
  color: var(--text); font: 15px / 1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.5rem; margin: 28px 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 6px; }
p, ol, ul, dl, figure { margin: 0; padding: 0; }
ol, ul { list-style: none; }
section { margin-top: 20px; padding: 18px clamp(12px, 2vw, 22px); background: var(--surface);
  border: 1px solid var(--line); border-radius: 10px; }
section > p { max-width: 75ch; margin-bottom: 14px; }
.soft { color: var(--soft); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.warnings { border-color: var(--warn); background: var(--warn-tint); }
.warnings h2 { color: var(--warn); }
.warnings li { overflow-wrap: anywhere; }
.warnings li + li { margin-top: 6px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); column-gap: 32px; }
.facts div { display: grid; grid-template-columns: 9.5em 1fr; gap: 10px; padding: 5px 0;
  border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--series-1); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { font-weight: normal; color: var(--soft); }
th:first-child { text-align: left; }
thead th { font-weight: 600; color: var(--text); vertical-align: bottom; white-space: normal; min-width: 5em;
  max-width: 13em; overflow-wrap: break-word; }
details { margin-top: 14px; }
summary { cursor: pointer; color: var(--soft); }
details .scroll { margin-top: 8px; max-height: 420px; overflow-y: auto; }
.quality { display: grid; grid-template-columns: minmax(0, auto) minmax(0, 1fr); gap: 20px 40px; align-items: start; }
@media (max-width: 760px) { .quality { grid-template-columns: minmax(0, 1fr); } }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 20px 24px; }
.panel figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; font-weight: 600;
  margin-bottom: 4px; overflow-wrap: anywhere; }
.panel figcaption .soft { font-weight: normal; font-variant-numeric: tabular-nums; }
.panel { max-width: 440px; }
.chart svg { display: block; width: 100%; height: auto; }
.sheet > li { display: grid; grid-template-columns: 150px minmax(0, 1fr); gap: 10px 22px; padding: 14px 0;
  border-top: 1px solid var(--line); }
.sheet img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--ground);
  border-radius: 6px; }
.sheet p { margin-top: 4px; font-size: 12px; line-height: 1.3; overflow-wrap: anywhere; }
.asked p { font-size: 13px; }
.found { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 10px; }
.found img { border: 3px solid; }
.right img { border-color: var(--right); }
.wrong img { border-color: var(--wrong); border-style: dashed; }
.sign { font-weight: 700; }
.right .sign { color: var(--right); }
.wrong .sign { color: var(--wrong); }
@media (max-width: 900px) { .found { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
@media (max-width: 560px) {
  .sheet > li { grid-template-columns: minmax(0, 1fr); }
  .asked { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 12px; }
}
.map { border: 1px solid var(--line); border-radius: 6px; background: var(--ground); }
.map svg { display: block; width: 100%; min-width: 720px; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 12px; font-size: 13px; }
.legend li { overflow-wrap: anywhere; }
.legend i { display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 50%; }
footer { margin-top: 16px; color: var(--soft); font-size: 13px; }
@media print { section { break-inside: auto; } .sheet > li, .panel { break-inside: avoid; } }
`;
