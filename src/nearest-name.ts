/** Letters to add, remove or replace to make one text of the other (Levenshtein's distance). */
function countEdits(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j] + 1, row[j - 1] + 1));
    }
    above = row;
  }
  return above[b.length];
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');

/** The one of `names` (at least one) that somebody who wrote `wrong` most likely meant, however it was spelt. */
export function nearestName(wrong: string, names: readonly string[]): string {
  const edits = names.map(name => countEdits(plain(wrong), plain(name)));
  return names[edits.indexOf(Math.min(...edits))];
}
