import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atDistance as at, type CircleCatalog, createCircleCatalog } from '../../fixtures/circle-catalog.js';

describe('an item that is placed', () => {
  let circle: CircleCatalog;
  beforeEach(async () => {
    circle = await createCircleCatalog();
    circle.begin(0.5);
  });
  afterEach(() => circle.remove());

  const place = (...item: Parameters<CircleCatalog['place']>): number => circle.place(...item).clusterId;
  /** How many of many at that distance of one medoid open a cluster. */
  const shareOfOpened = (distance: number): number => {
    const first = circle.online.transaction(() => place('first', at(0)));
    let opened = 0;
    for (let i = 0; i < 400; i++) {
      try {
        circle.online.transaction(() => {
          if (place(`at ${distance} ${i}`, at(distance)) !== first) opened++;
          // The next one is to meet that medoid only.
          throw new Error('undone');
        });
      } catch (error) {
        expect(error).toEqual(new Error('undone'));
      }
    }
    return opened / 400;
  };

  it.each([
    [0, 0],
    [0.1, 0.2],
    [0.25, 0.5],
    [0.4, 0.8],
    [0.5, 1],
    [1.5, 1],
  ])('at distance %d of a cost of 0.5 opens a cluster with probability %d', (distance, probability) => {
    // Of 400 draws, five standard deviations at the most.
    expect(Math.abs(shareOfOpened(distance) - probability)).toBeLessThan(0.125);
    expect(circle.catalog.clusterings.countOpen(1)).toBe(1);
  });

  it('joins the nearest medoid, of equally near ones the first', () => {
    circle.begin(1e-6);
    const [left, right] = [place('left', at(0)), place('right', Float32Array.of(0, 1))];
    circle.begin(1e6);
    expect(place('near left', at(0.3))).toBe(left);
    expect(place('near right', at(1.2))).toBe(right);
    expect(place('between', Float32Array.of(Math.SQRT1_2, Math.SQRT1_2))).toBe(left);
  });

  it('draws the same under another key, and joins the picture that is there already', () => {
    circle.begin(0.5);
    const first = place('first', at(0));
    const openedBy = (key: string, image: string): boolean => {
      let isOpened = false;
      expect(() =>
        circle.online.transaction(() => {
          isOpened = place(key, at(0.25), image) !== first;
          throw new Error('undone');
        }),
      ).toThrow('undone');
      return isOpened;
    };
    for (let i = 0; i < 20; i++) expect(openedBy('a', `image ${i}`)).toBe(openedBy('b', `image ${i}`));
    circle.begin(1e-6);
    const far = place('far', at(1.2));
    expect(place('nearer to another, were it not the picture of first', at(1.1), 'first')).toBe(first);
    expect(far).not.toBe(first);
  });

  it('does not join a medoid that went while another model answered', () => {
    circle.begin(1e-6);
    const gone = circle.place('gone', at(0)).itemId;
    const other = place('other', at(1.2));
    const { catalog, collectionId, online } = circle;
    const model = { modelId: 'circle@2', modelDirectory: 'circle@2', dimension: 2 };
    online.transaction(() => {
      online.takeOut([gone], catalog.sets.ensure(collectionId, model));
      catalog.removeItem(collectionId, gone);
    });
    circle.begin(1e6);
    expect(place('near to what has gone', at(0.1))).toBe(other);
  });

  it('leaves nothing in memory of a transaction that came to nothing', () => {
    circle.begin(1e-6);
    const first = circle.online.transaction(() => place('first', at(0)));
    let lost: number | undefined;
    expect(() =>
      circle.online.transaction(() => {
        lost = place('lost', at(1));
        throw new Error('undone');
      }),
    ).toThrow('undone');
    // The same ids are given out again, to others.
    const other = circle.online.transaction(() => place('other', at(0.5)));
    expect(other).toBe(lost);
    circle.begin(1e6);
    expect(circle.online.transaction(() => place('third', at(0.9)))).toBe(other);
    expect(circle.online.transaction(() => place('fourth', at(0.1)))).toBe(first);
  });
});
