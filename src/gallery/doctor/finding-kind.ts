export interface FindingKind {
  /** `error`: something is lost or wrong; `warning`: a cache is off, or something is left over. */
  readonly severity: 'error' | 'warning';
  readonly meaning: string;
  /** What `--fix` does about it; null when it leaves it as it is. */
  readonly mend: string | null;
  /** What is left to do by hand, where `--fix` does not help; null where it always does. */
  readonly advice: string | null;
}

export const restore = 'restore the gallery from a backup';
