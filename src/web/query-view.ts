import { type CropBox, type Item, thumbnailUrl } from './api.js';
import { createCropFrame } from './crop-frame.js';
import { elements } from './elements.js';
import type { Pictures } from './pictures.js';

/** What is searched with: a file of the reader's, or an item of a collection. */
export type Query = { readonly file: File } | { readonly item: Item; readonly collection: string };

/** Shows what is searched with, and which part of it. @param onBox told when another part is chosen, or the whole */
export function createQueryView(pictures: Pictures, onBox: () => void) {
  let box: CropBox | undefined;

  function setBox(chosen: CropBox | undefined): void {
    box = chosen;
    elements.cropHint.hidden = box !== undefined;
    elements.whole.hidden = box === undefined;
  }
  const cropFrame = createCropFrame({
    frame: elements.frame,
    outline: elements.outline,
    onChange: chosen => {
      setBox(chosen);
      onBox();
    },
  });
  elements.whole.addEventListener('click', cropFrame.clear);
  elements.preview.addEventListener('load', () => {
    const { naturalWidth, naturalHeight } = elements.preview;
    elements.frame.style.setProperty('--ratio', String(naturalWidth / naturalHeight));
  });
  elements.preview.addEventListener('error', () => {
    // A kind the browser does not show, such as TIFF; the server may well read it.
    elements.stage.hidden = true;
    elements.cropHint.hidden = true;
    elements.drop.classList.remove('filled');
  });

  return {
    /** The part of the picture that is looked for; the whole where there is none. */
    box: (): CropBox | undefined => box,
    show(query: Query): void {
      setBox(undefined);
      cropFrame.reset();
      elements.stage.hidden = false;
      elements.drop.classList.add('filled');
      if ('file' in query) pictures.showFile(elements.preview, query.file);
      else pictures.show(elements.preview, thumbnailUrl(query.collection, query.item, 512));
      elements.queryName.textContent = 'file' in query ? query.file.name : query.item.key;
      elements.queryName.hidden = false;
    },
  };
}
