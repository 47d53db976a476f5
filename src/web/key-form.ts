import { find } from './find-element.js';

/** Asks for a key in place of everything else on the page. @param onKey told what was given */
export function createKeyForm(onKey: (key: string) => void) {
  const form = find('key-form', HTMLFormElement);
  const field = find('key', HTMLInputElement);
  const message = find('key-message', HTMLParagraphElement);
  const main = find('main', HTMLElement);

  const show = (isAsking: boolean): void => {
    form.hidden = !isAsking;
    main.hidden = isAsking;
  };
  form.addEventListener('submit', event => {
    event.preventDefault();
    show(false);
    onKey(field.value.trim());
    field.value = '';
  });
  return {
    /** @param refusal what is wrong with the key before; nothing when there was none */
    ask(refusal: string | undefined): void {
      show(true);
      message.textContent = refusal ?? '';
      message.hidden = refusal === undefined;
      field.focus();
    },
  };
}
