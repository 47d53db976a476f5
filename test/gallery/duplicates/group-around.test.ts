import { describe, expect, it } from 'vitest';
import { groupAround } from '../../../src/gallery/duplicates/group-around.js';
import { listPictures, type Picture } from '../../../src/gallery/duplicates/list-pictures.js';
import { createRandom } from '../../../src/math/random.js';
import { squaredDistance, stackVectors } from '../../../src/math/vectors.js';

interface Point {
  readonly at: number;
  readonly width?: number;
  readonly bytes?: number;
  readonly image?: string;
}

/** Pictures on a line; the item of point i has the id i + 1. */
const picturesOf = (points: readonly Point[]): Picture[] =>
  listPictures({
    items: points.map(({ width = 1, bytes = 1, image }, i) => {
      const imageSha256 = image ?? `image-${i}`;
      return { itemId: i + 1, vectorId: i + 1, label: null, imageSha256, width, height: 1, bytes };
    }),
    block: stackVectors(
      points.map(({ at }) => Float32Array.of(at)),
      1,
    ),
  });

const idOf = ({ items: [first] }: Picture): number => first.itemId;

async function group(points: readonly Point[], maxDistance: number): Promise<number[][]> {
  const pictures = picturesOf(points);
  const nearOf = (picture: Picture): Picture[] =>
    pictures.filter(
      other =>
        other !== picture && squaredDistance(other.vector, picture.vector) <= maxDistance * maxDistance,
    );
  const groups = await groupAround(pictures, nearOf, () => undefined);
  return groups.map(({ representative, others }) => [idOf(representative), ...others.map(idOf).sort()]);
}

describe('pictures', () => {
  it('are one where their bytes are, and come by pixels, then bytes, then id', () => {
    const pictures = picturesOf([
      { at: 0, image: 'a' },
      { at: 1, bytes: 2 },
      { at: 2, width: 2 },
      { at: 3, image: 'a' },
      { at: 4 },
    ]);
    expect(pictures.map(({ items }) => items.map(({ itemId }) => itemId))).toEqual([[3], [2], [1, 4], [5]]);
    expect(pictures.map(({ rank }) => rank)).toEqual([0, 1, 2, 3]);
  });
});

describe('groups', () => {
  it('are no chains: each of a group is near the one that stands for it', async () => {
    const chain = Array.from({ length: 10 }, (_, i) => ({ at: i, width: 10 - i }));
    expect(await group(chain, 1)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
      [9, 10],
    ]);
  });

  it('are around what has most pixels, else most bytes, wherever it lies', async () => {
    expect(await group([{ at: 0 }, { at: 1 }, { at: 2, width: 2 }], 2)).toEqual([[3, 1, 2]]);
    expect(await group([{ at: 0, bytes: 2 }, { at: 1 }, { at: 2 }], 2)).toEqual([[1, 2, 3]]);
  });

  it('are around the medoid of those that are equally good, else the lowest id', async () => {
    expect(await group([{ at: 0 }, { at: 1 }, { at: 2 }], 2)).toEqual([[2, 1, 3]]);
    expect(await group([{ at: 0 }, { at: 1 }], 2)).toEqual([[1, 2]]);
    // The worse one has a say, but no part in it.
    expect(await group([{ at: 0, width: 2 }, { at: 1 }, { at: 2, width: 2 }], 2)).toEqual([[1, 2, 3]]);
  });

  it('hold each picture once, even where neighbours are found from one side only', async () => {
    const random = createRandom('one-sided');
    const pictures = picturesOf(Array.from({ length: 200 }, () => ({ at: random.integer(50) })));
    const found = new Map(pictures.map(picture => [picture, random.shuffle([...pictures]).slice(0, 5)]));
    const nearOf = (picture: Picture) => (found.get(picture) as Picture[]).filter(other => other !== picture);
    const groups = await groupAround(pictures, nearOf, () => undefined);
    const all = groups.flatMap(({ representative, others }) => [representative, ...others]);
    expect(all.map(idOf).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    for (const { representative, others } of groups)
      for (const other of others) expect(nearOf(representative)).toContain(other);
  });
});
