import type { Picture } from './messages.js';

/** Files of a form, in order. */
export const imageForm = (pictures: readonly (Uint8Array | Blob)[]): FormData => {
  const form = new FormData();
  for (const bytes of pictures) {
    form.append('image', bytes instanceof Blob ? bytes : new Blob([new Uint8Array(bytes)]), 'image');
  }
  return form;
};

/** The same with what is said of each. */
export function itemForm(pictures: readonly Picture[]): FormData {
  const form = imageForm(pictures.map(({ bytes }) => bytes));
  const texts = pictures.map(({ bytes: _, ...text }) => text);
  form.append('items', JSON.stringify(texts));
  return form;
}
