import { describe, expect, it } from 'vitest';
import { type ClustersReport, renderClusters, type ShownCluster } from '../../src/report/render-clusters.js';
import { createPicture } from '../fixtures/images.js';

const nasty = `<script>alert("x")</script>'&.png`;
const memberOf = (id: number) => ({ id, key: `picture-${id}`, label: 'chair', distance: 0.1234 });
const clusterOf = (medoid: number, size: number): ShownCluster => ({
  ...{ size, meanDistance: 0.25, silhouette: 0.5, label: 'chair', purity: 0.75 },
  medoid: { ...memberOf(medoid), distance: 0 },
  others: Array.from({ length: size - 1 }, (_, i) => memberOf(medoid + 1 + i)),
});
const render = (report: Partial<ClustersReport>, signal?: AbortSignal): Promise<string> =>
  renderClusters(
    {
      ...{ title: 'Clusters', facts: [['items', '12']], clusters: [], thumbnail: id => createPicture(id) },
      ...report,
    },
    signal === undefined ? {} : { signal },
  );
const count = (text: string, part: string): number => text.split(part).length - 1;

describe('the page of clusters', () => {
  it('shows each cluster with its medoid on the left and what is said of it', async () => {
    const [first, second] = [clusterOf(1, 3), clusterOf(10, 1)];
    const others = [first.others[0], { ...first.others[1], label: 'sofa' }];
    const single = { ...second, silhouette: null, label: null, purity: null };
    const page = await render({ clusters: [{ ...first, others }, single] });
    expect(count(page, '<img src="data:image/png;base64,')).toBe(4);
    expect(page).toMatch(/class="asked"><img [^>]*title="picture-1">\n<p><strong>Cluster 1: 3 items/);
    expect(page).toContain('<bdi>chair</bdi>: 75\u00a0%');
    expect(page).toContain('mean distance 0.250, silhouette 0.500');
    expect(page).toContain('Cluster 2: 1 item<');
    expect(page).toContain('mean distance 0.250<');
    // The label of a member is said where it is another one.
    expect(count(page, '<strong><bdi>')).toBe(1);
    expect(page).toContain('<span class="soft">0.123</span> <strong><bdi>sofa</bdi></strong>');
  });

  it('lets no name become anything but text, and asks nothing of the network', async () => {
    const cluster = clusterOf(1, 2);
    const [medoid, other] = [cluster.medoid, cluster.others[0]].map(one => ({ ...one, key: nasty }));
    const clusters = [{ ...cluster, label: nasty, medoid, others: [{ ...other, label: 'sofa' }] }];
    const page = await render({ title: nasty, facts: [[nasty, nasty]], clusters });
    expect(page).not.toContain('<script');
    expect(count(page, '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;.png')).toBe(11);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
  });

  it('leaves out what would be too much to look at, and says so', async () => {
    const picture = await createPicture(1);
    const thumbnail = async () => picture;
    const large = await render({ clusters: [clusterOf(1, 31)], thumbnail });
    expect(count(large, '<img')).toBe(25);
    expect(large).toContain('and 6 more');
    const many = Array.from({ length: 503 }, (_, i) => clusterOf(2 * i + 1, 2));
    const page = await render({ clusters: many, thumbnail });
    expect(count(page, '<img')).toBe(1000);
    expect(page).toContain('3 more clusters are not shown.');
  });

  it('says where a picture cannot be read, and that there is nothing', async () => {
    const page = await render({
      clusters: [clusterOf(1, 2)],
      thumbnail: async id => (id === 2 ? undefined : createPicture(id)),
    });
    expect([count(page, '<img'), count(page, 'picture cannot be read')]).toEqual([1, 1]);
    expect(await render({})).toContain('There are no items.');
  });

  it('is given up when that is asked for', async () => {
    await expect(render({ clusters: [clusterOf(1, 2)] }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});
