import { extname } from 'node:path';

const imageEndings: ReadonlySet<string> = new Set(
  ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp', 'gif', 'avif', 'tif', 'tiff'].map(ending => `.${ending}`),
);

/** Whether a walk through folders takes a file for an image, by its name. */
export const isImageName = (name: string): boolean =>
  !name.startsWith('.') && imageEndings.has(extname(name).toLowerCase());
