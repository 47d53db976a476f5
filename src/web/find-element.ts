export function find<Element extends HTMLElement>(id: string, kind: new () => Element): Element {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}
