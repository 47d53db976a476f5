/** Where an image lies below `images/`. */
export const imagePlace = (sha256: string): string => `${sha256.slice(0, 2)}/${sha256}`;

/** The same from the gallery's folder down; also its name in a backup. */
export const imageFile = (sha256: string): string => `images/${imagePlace(sha256)}`;

export const isImageHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

export const isImageFolder = (name: string): boolean => /^[0-9a-f]{2}$/.test(name);

/** Whether a file is one that belongs where it lies. */
export const isImageName = (name: string, folder: string): boolean =>
  isImageHash(name) && name.startsWith(folder);
