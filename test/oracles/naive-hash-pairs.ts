/** Rows of all hashes within so many bits of that of `row`, by comparing it with each, bit by bit. */
export function naiveNearHashes(hashes: Uint32Array, row: number, mostBits: number): number[] {
  const bitsOf = (i: number): string =>
    [hashes[2 * i], hashes[2 * i + 1]].map(word => word.toString(2).padStart(32, '0')).join('');
  const own = bitsOf(row);
  return Array.from({ length: hashes.length / 2 }, (_, i) => i).filter(
    i => i !== row && [...bitsOf(i)].filter((bit, at) => bit !== own[at]).length <= mostBits,
  );
}
