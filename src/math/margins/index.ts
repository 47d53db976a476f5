import type { DenseLabels } from '../facility-location.js';
import { AmiMargin } from './ami.js';
import { AriMargin } from './ari.js';
import type { Margin } from './margin.js';
import { NmiMargin } from './nmi.js';
import { VMeasureMargin } from './v-measure.js';

/** Every structured margin there is, by the name of its index of agreement. */
export const margins = {
  nmi: NmiMargin,
  ami: AmiMargin,
  ari: AriMargin,
  'v-measure': VMeasureMargin,
} as const satisfies Record<string, new (truth: DenseLabels, clusters: number) => Margin>;

export type MarginName = keyof typeof margins;
