import type { FindingCode } from './finding-catalogue.js';

/** One thing that is not as it should be, and what it concerns. */
export interface Finding {
  readonly code: FindingCode;
  /** What was expected and what came. */
  readonly detail: string;
  readonly collection?: string | undefined;
  readonly itemId?: number | undefined;
  readonly key?: string | undefined;
  readonly imageSha256?: string | undefined;
  readonly setId?: number | undefined;
  readonly vectorId?: number | undefined;
  readonly jobId?: number | undefined;
  readonly keyId?: string | undefined;
  readonly table?: string | undefined;
  readonly rowId?: number | undefined;
  /** From the gallery's folder down, with slashes. */
  readonly file?: string | undefined;
}

/** Tells a finding from every other, however much of it has changed meanwhile. */
export const identityOf = ({ detail: _, ...subject }: Finding): string => JSON.stringify(subject);
