import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.js';
import { parseRow } from '../../catalog/parse-row.js';
import type { EvaluationRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { requireWriting } from '../require-writing.js';
import type { Reserve } from '../reserve.js';
import { describeChange, type EvaluationChange } from './describe-change.js';
import { measuredInputSchema } from './evaluation-input.js';
import { evaluationResultSchema } from './evaluation-result.js';

const storedSchema = z.object({ input: measuredInputSchema, result: evaluationResultSchema });

/** As it was measured. */
export type StoredEvaluation = z.output<typeof storedSchema> &
  Pick<EvaluationRow, 'id' | 'modelId' | 'itemsSha256' | 'createdAt'>;

export interface ComparedEvaluation extends StoredEvaluation {
  /** Since another one; null where there is none to compare with. */
  readonly change: EvaluationChange | null;
}

export interface EvaluationsParts {
  readonly catalog: Catalog;
  readonly access: 'read' | 'write';
  readonly reserve: Reserve;
  /** Nothing for a collection there is none of. */
  readonly findCollectionId: (name: string) => number | undefined;
}

export interface EvaluationsListing {
  readonly modelId?: string | undefined;
  /** Only older ones; the newest too unless given. */
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

export interface EvaluationPage {
  readonly evaluations: readonly StoredEvaluation[];
  /** Id before which the next page begins; null when this is the last one. */
  readonly next: number | null;
}

const toStored = ({ collectionId: _, ...row }: EvaluationRow): StoredEvaluation => ({
  ...row,
  ...parseRow(storedSchema, { input: row.input, result: row.result }, 'the catalog'),
});

/** What was measured of the collections of a gallery, over time. A job of the kind `evaluate` adds to them. */
export class Evaluations {
  constructor(private readonly parts: EvaluationsParts) {}

  /** Newest first. @throws MedoidError `not-found` for a collection there is none of */
  list(collection: string, { limit, ...listing }: EvaluationsListing): EvaluationPage {
    const collectionId = this.requireCollection(collection);
    const rows = this.parts.catalog.evaluations.list({ ...listing, collectionId, limit: limit + 1 });
    const evaluations = rows.slice(0, limit).map(toStored);
    return { evaluations, next: rows.length > limit ? evaluations[limit - 1].id : null };
  }

  /**
   * @param comparedWith id of another one of the collection; unless given the newest before it that was asked for alike
   * @throws MedoidError `not-found`
   */
  get(collection: string, id: number, comparedWith?: number): ComparedEvaluation {
    const collectionId = this.requireCollection(collection);
    const { catalog } = this.parts;
    return catalog.transaction(() => {
      const evaluation = this.require(collectionId, id);
      const before = catalog.evaluations.findBefore({ collectionId, id });
      const since =
        comparedWith === undefined ? before && toStored(before) : this.require(collectionId, comparedWith);
      return { ...evaluation, change: since === undefined ? null : describeChange(evaluation, since) };
    });
  }

  /** @throws MedoidError `not-found`, `read-only` */
  async remove(collection: string, id: number): Promise<void> {
    const { access, catalog, reserve } = this.parts;
    requireWriting(access);
    const collectionId = this.requireCollection(collection);
    const removed = await reserve.withRoom(
      () => catalog.evaluations.remove(collectionId, id),
      () => catalog.shrinkLog(),
    );
    if (!removed) throw notFound(id);
  }

  private require(collectionId: number, id: number): StoredEvaluation {
    const row = this.parts.catalog.evaluations.find(collectionId, id);
    if (row === undefined) throw notFound(id);
    return toStored(row);
  }

  private requireCollection(name: string): number {
    const id = this.parts.findCollectionId(name);
    if (id === undefined) throw new MedoidError('not-found', `the gallery has no collection ${name}`);
    return id;
  }
}

const notFound = (id: number): MedoidError =>
  new MedoidError('not-found', `the collection has no evaluation ${id}`);
