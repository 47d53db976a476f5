import { type FindingKind, restore } from './finding-kind.js';
import { rowFindings } from './row-findings.js';

const sendAgain = 'send the picture again under the same key';

/** Everything that can be found, by its code. */
export const findingCatalogue = {
  'catalog-unreadable': {
    severity: 'error',
    meaning: 'The catalog cannot be opened',
    mend: null,
    advice: 'see that the file and its folder may be read',
  },
  'catalog-foreign': {
    severity: 'error',
    meaning: 'The file is not a catalog of Medoid',
    mend: null,
    advice: restore,
  },
  'catalog-newer': {
    severity: 'error',
    meaning: 'A newer Medoid has written the catalog',
    mend: null,
    advice: 'use that version',
  },
  'catalog-older': {
    severity: 'warning',
    meaning: 'An older Medoid has written the catalog',
    mend: 'brings it to the newest version, as serve does',
    advice: null,
  },
  'catalog-malformed': {
    severity: 'error',
    meaning: 'SQLite finds the catalog malformed',
    mend: null,
    advice: `keep a copy of the folder, and ${restore}`,
  },
  'catalog-schema': {
    severity: 'error',
    meaning: 'A table, index or trigger of the catalog is missing or another',
    mend: null,
    advice: restore,
  },
  'catalog-index-damaged': {
    severity: 'error',
    meaning: 'An index within the catalog does not fit its table, which is whole',
    mend: 'writes it anew from the table',
    advice: restore,
  },
  ...rowFindings,
  'image-missing': {
    severity: 'error',
    meaning: 'The picture of an item or of a job that waits is not there',
    mend: 'puts it back if `--from` has it',
    advice: `give the originals with --from, ${sendAgain}, or ${restore}`,
  },
  'image-damaged': {
    severity: 'error',
    meaning: 'The bytes of a picture are not those that came',
    mend: 'moves the file to `quarantine/`, and puts the picture back if `--from` has it',
    advice: `give the originals with --from, ${sendAgain}, or ${restore}`,
  },
  'image-unreadable': {
    severity: 'error',
    meaning: 'A picture cannot be read, so that nobody knows whether it is whole',
    mend: null,
    advice: 'see that the file may be read, and look after the disk',
  },
  'image-size-wrong': {
    severity: 'error',
    meaning: 'A picture is whole, but an item says another size of it',
    mend: 'writes the size of the file',
    advice: null,
  },
  'image-stray': {
    severity: 'warning',
    meaning: 'A picture that no item or job needs',
    mend:
      'removes it, unless something is wrong that it could be of use for; moves it to `quarantine/` if an index has seen ' +
      'more than the catalog',
    advice: 'mend the errors first: one of these may be what is missing',
  },
  'image-misnamed': {
    severity: 'warning',
    meaning: 'A file among the pictures has a name that no picture has there',
    mend: 'puts it where it belongs if it is a picture that is missing, else moves it to `quarantine/`',
    advice: null,
  },
  'file-unknown': {
    severity: 'warning',
    meaning: 'A file or folder that Medoid did not put there',
    mend: 'moves it to `quarantine/`',
    advice: null,
  },
  'temporary-file': {
    severity: 'warning',
    meaning: 'A half-written file that a process left when it was killed',
    mend: 'removes it',
    advice: null,
  },
  'loose-images': {
    severity: 'warning',
    meaning: 'Pictures that items let go of were not looked after',
    mend: 'removes those that nothing needs',
    advice: null,
  },
  'model-missing': {
    severity: 'error',
    meaning: 'The model of a set of vectors is not there',
    mend: 'puts back what is left of a copy that was being replaced, if that is whole',
    advice: 'put a whole copy of the model directory there',
  },
  'model-damaged': {
    severity: 'error',
    meaning: 'The model of a set of vectors cannot be used',
    mend: 'puts back what is left of a copy that was being replaced, if that is whole',
    advice: 'put a whole copy of the model directory there',
  },
  'model-other': {
    severity: 'error',
    meaning: 'The model in the place of another, or with vectors of another length than its set',
    mend: null,
    advice: 'put a whole copy of the right model directory there',
  },
  'model-leftover': {
    severity: 'warning',
    meaning: 'A copy of a model that was half-written or being replaced when a process was killed',
    mend: 'removes it if the model itself is whole, else has it take its place or moves it to `quarantine/`',
    advice: null,
  },
  'item-unembedded': {
    severity: 'error',
    meaning: 'An item has no vector, so that no search finds it',
    mend: 'embeds its picture',
    advice: `mend its picture and the model first, or ${sendAgain}`,
  },
  'vector-unusable': {
    severity: 'error',
    meaning: 'A vector has a wrong length, or is not finite or not of unit length',
    mend: 'embeds the picture anew',
    advice: `mend its picture and the model first, or ${sendAgain}`,
  },
  'index-missing': {
    severity: 'warning',
    meaning: 'A collection has no index on disk',
    mend: 'builds it from the catalog',
    advice: null,
  },
  'index-damaged': {
    severity: 'warning',
    meaning: 'An index on disk is damaged or of another model',
    mend: 'builds it anew from the catalog',
    advice: null,
  },
  'index-other-catalog': {
    severity: 'warning',
    meaning: 'An index has seen vectors that the catalog never had',
    mend: 'builds it anew from the catalog',
    advice: null,
  },
  'index-behind': {
    severity: 'warning',
    meaning: 'An index lacks vectors that the catalog has, or has such as are gone, though nobody writes',
    mend: 'builds it anew from the catalog',
    advice: null,
  },
  'index-vector-wrong': {
    severity: 'warning',
    meaning: 'An index has other vectors than the catalog under the same ids',
    mend: 'builds it anew from the catalog',
    advice: null,
  },
  'index-recall-low': {
    severity: 'warning',
    meaning: 'A graph finds less than 95 % of the 10 nearest neighbours',
    mend: 'builds it anew from the catalog',
    advice: 'search with exact=true meanwhile: many equal pictures can cut a graph into parts',
  },
  'index-stray': {
    severity: 'warning',
    meaning: 'An index of a set of vectors that is gone',
    mend: 'removes it',
    advice: null,
  },
  'keys-unusable': {
    severity: 'error',
    meaning: 'The file of the API keys cannot be used',
    mend: null,
    advice: 'restore keys.sqlite from a backup, or take it away and create new keys',
  },
  'key-odd': {
    severity: 'error',
    meaning: 'An API key cannot be read, with which no request that needs a key is answered',
    mend: null,
    advice: 'restore keys.sqlite from a backup, or take it away and create new keys',
  },
  'check-failed': {
    severity: 'error',
    meaning: 'A check could not be done to its end',
    mend: null,
    advice: 'see that all of the folder may be read, and look after the disk',
  },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof findingCatalogue;
