import { describe, expect, it } from 'vitest';
import {
  type DuplicatesReport,
  renderDuplicates,
  type ShownGroup,
} from '../../src/report/render-duplicates.js';
import { createPicture } from '../fixtures/images.js';

const nasty = `<script>alert("x")</script>'&.png`;
const itemOf = (id: number) => ({
  ...{ id, key: `picture-${id}`, label: null, width: 48, height: 36, bytes: 2048 },
});
const groupOf = (representative: number, count: number): ShownGroup => ({
  representative: itemOf(representative),
  items: Array.from({ length: count }, (_, i) => ({
    ...itemOf(representative + 1 + i),
    ...{ tier: 'near', distance: 0.1234, hashDistance: i === 0 ? null : 7 },
  })),
});
const render = (report: Partial<DuplicatesReport>, signal?: AbortSignal): Promise<string> =>
  renderDuplicates(
    {
      title: 'Duplicates',
      facts: [['items', '12']],
      groups: [],
      unreadable: new Set(),
      thumbnail: id => createPicture(id),
      ...report,
    },
    signal === undefined ? {} : { signal },
  );
const count = (text: string, part: string): number => text.split(part).length - 1;

describe('the page of duplicates', () => {
  it('shows each item with its tier, distances and size', async () => {
    const page = await render({ groups: [groupOf(1, 2)] });
    expect(count(page, '<img src="data:image/png;base64,')).toBe(3);
    expect(page).toMatch(/near<\/strong> <span class="soft">0\.123<\/span>/);
    expect(page).toContain('0.123, 7 bits');
    expect(page).toContain('48×36, 2.0 KiB');
  });

  it('lets no name become anything but text, and asks nothing of the network', async () => {
    const [group] = [groupOf(1, 1)];
    const representative = { ...group.representative, key: nasty, label: nasty };
    const items = group.items.map(item => ({ ...item, key: nasty, tier: nasty }));
    const page = await render({ title: nasty, facts: [[nasty, nasty]], groups: [{ representative, items }] });
    expect(page).not.toContain('<script');
    expect(count(page, '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;.png')).toBe(12);
    expect(page).toContain('default-src &#39;none&#39;; img-src data:');
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
  });

  it('says where a picture cannot be read, and asks for no thumbnail of it', async () => {
    const asked: number[] = [];
    const thumbnail = (id: number) => {
      asked.push(id);
      return createPicture(id);
    };
    const page = await render({ groups: [groupOf(1, 2)], unreadable: new Set([2]), thumbnail });
    expect(asked).toEqual([1, 3]);
    expect(count(page, 'picture cannot be read')).toBe(1);
  });

  it('leaves out what would be too much to look at, and says so', async () => {
    const picture = await createPicture(1);
    const thumbnail = async () => picture;
    const large = await render({ groups: [groupOf(1, 30)], thumbnail });
    expect(count(large, '<img')).toBe(25);
    expect(large).toContain('and 6 more');
    const many = Array.from({ length: 503 }, (_, i) => groupOf(2 * i + 1, 1));
    const page = await render({ groups: many, thumbnail });
    expect(count(page, '<img')).toBe(1000);
    expect(page).toContain('3 more groups are not shown.');
  });

  it('says that there are none', async () => {
    expect(await render({})).toContain('No two items show the same.');
  });

  it('is given up when that is asked for', async () => {
    await expect(render({ groups: [groupOf(1, 1)] }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});
