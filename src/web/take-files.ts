import { elements } from './elements.js';

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Takes a picture that is chosen, or dropped or pasted wherever on the page. */
export function takeFiles(onFile: (file: File) => void): void {
  function take(event: Event, transfer: DataTransfer | null): void {
    const [file] = transfer?.files ?? [];
    if (file === undefined) return;
    event.preventDefault();
    onFile(file);
  }
  document.addEventListener('dragover', event => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    elements.drop.classList.add('over');
  });
  document.addEventListener('dragleave', event => {
    // Left the window, not merely one element for the next.
    if (event.relatedTarget === null) elements.drop.classList.remove('over');
  });
  document.addEventListener('drop', event => {
    elements.drop.classList.remove('over');
    if (carriesFiles(event)) event.preventDefault();
    take(event, event.dataTransfer);
  });
  document.addEventListener('paste', event => take(event, event.clipboardData));
  elements.file.addEventListener('change', () => {
    const [file] = elements.file.files ?? [];
    if (file !== undefined) onFile(file);
    // So that choosing the same file again is a change too.
    elements.file.value = '';
  });
}
