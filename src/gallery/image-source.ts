/** A file that is to become an item. */
export interface SourceImage {
  /** Where it lies. */
  readonly path: string;
  /** How the source names it; what reports show. */
  readonly shownPath: string;
  readonly key: string;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
}

/** Something of a source that could not become an item, and why. */
export interface SourceFailure {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ImageSource {
  readonly images: readonly SourceImage[];
  /** Folders that cannot be read. */
  readonly failed: readonly SourceFailure[];
  /** Files that are no images by their name. */
  readonly ignored: number;
}
