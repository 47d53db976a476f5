import { type FindingKind, restore } from './finding-kind.js';

/** What can be found of the rows of the catalog, each by itself and among each other. */
export const rowFindings = {
  'sequence-behind': {
    severity: 'error',
    meaning: 'Ids that were given out could be given out again',
    mend: 'has the next id follow the highest one',
    advice: null,
  },
  'row-odd': {
    severity: 'error',
    meaning: 'A row of the catalog holds what is never written',
    mend: null,
    advice: restore,
  },
  'item-orphan': {
    severity: 'error',
    meaning: 'An item belongs to a collection that is gone',
    mend: null,
    advice: restore,
  },
  'set-orphan': {
    severity: 'error',
    meaning: 'A set of vectors belongs to a collection that is gone',
    mend: null,
    advice: restore,
  },
  'job-orphan': {
    severity: 'error',
    meaning: 'A job belongs to a collection that is gone',
    mend: null,
    advice: restore,
  },
  'evaluation-orphan': {
    severity: 'error',
    meaning: 'An evaluation belongs to a collection that is gone',
    mend: null,
    advice: restore,
  },
  'vector-orphan': {
    severity: 'warning',
    meaning: 'A vector belongs to an item or a set that is gone, or that do not belong together',
    mend: 'removes it: nothing can find it',
    advice: null,
  },
  'duplicate-orphan': {
    severity: 'warning',
    meaning:
      'Something found or decided of duplicates belongs to a collection, an item or a search that is gone',
    mend: 'removes it: it is of nothing',
    advice: null,
  },
  'hash-stray': {
    severity: 'warning',
    meaning: 'The perceptual hash of a picture that no item has',
    mend: 'removes it',
    advice: null,
  },
  'active-set-missing': {
    severity: 'error',
    meaning: 'The set of vectors that a collection is searched with is gone',
    mend: null,
    advice: restore,
  },
  'previous-set-missing': {
    severity: 'warning',
    meaning: 'The set of vectors of the model before is gone',
    mend: 'forgets it: activating that model embeds everything anew',
    advice: null,
  },
  'cluster-row-orphan': {
    severity: 'warning',
    meaning: 'A row about clusters is of something that is gone, or that it does not belong to',
    mend: 'removes it: items that are in no cluster then join one at the next consolidation',
    advice: null,
  },
  'cluster-merge-broken': {
    severity: 'warning',
    meaning: 'A cluster was merged into one that is gone, or round in a circle',
    mend: 'has it be an empty one, with its name and its history',
    advice: null,
  },
  'job-kind-unknown': {
    severity: 'warning',
    meaning: 'A job that waits is of a kind that this Medoid does not know',
    mend: null,
    advice: 'use the version that has taken it on, or cancel it',
  },
  'job-input-odd': {
    severity: 'error',
    meaning: 'What a job that waits was given cannot be read',
    mend: null,
    advice: 'cancel it, and ask for it again',
  },
  'job-checkpoint-odd': {
    severity: 'error',
    meaning: 'A job that waits cannot go on from where it was',
    mend: null,
    advice: 'cancel it, and ask for it again',
  },
} as const satisfies Record<string, FindingKind>;
