import type { KeptModel } from '../hub/kept-models.js';
import { formatTable } from './format-table.js';

/** One model as programs see it. */
export function showModel({
  name,
  directory,
  id,
  bytes,
  manifest,
  fault,
}: KeptModel): Record<string, unknown> {
  return {
    ...{ name, directory },
    modelId: id ?? null,
    kind: manifest === undefined ? null : kindOf(manifest),
    dimension: manifest?.dimension ?? null,
    imageSize: manifest?.preprocessing.crop ?? null,
    bytes: bytes ?? null,
    parameters: manifest?.weights.parameters ?? null,
    sha256: manifest?.weights.sha256 ?? null,
    source: manifest?.source ?? null,
    fault: fault ?? null,
  };
}

const kindOf = ({ source }: NonNullable<KeptModel['manifest']>): 'pulled' | 'trained' =>
  source === undefined ? 'trained' : 'pulled';

function rowOf({ name, bytes = 0, manifest, fault }: KeptModel): string[] {
  const state = fault === undefined ? 'whole' : 'damaged';
  if (manifest === undefined) return [name, '', '', '', '', '', state];
  const { dimension, preprocessing, source } = manifest;
  return [
    name,
    String(dimension),
    String(preprocessing.crop),
    (bytes / 1e6).toFixed(1),
    source?.license ?? '',
    source === undefined ? 'trained' : `${source.repository}, ${source.commit.slice(0, 7)}`,
    state,
  ];
}

/** A table, and below it what is wrong. */
export function describeModels(models: readonly KeptModel[]): string {
  const head = ['name', 'dimension', 'image', 'MB', 'licence', 'from', 'state'];
  const faults = models.flatMap(({ name, fault }) => (fault === undefined ? [] : `${name}: ${fault}`));
  return [formatTable([head, ...models.map(rowOf)]), ...faults].join('\n');
}
