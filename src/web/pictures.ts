import { type Api, KeyRefused } from './api.js';

interface PicturesOptions {
  readonly api: Api;
  /** Whether pictures are to be asked for with a key, which `<img src>` cannot. */
  readonly hasKey: () => boolean;
  readonly onRefused: (refused: KeyRefused) => void;
}

export interface Pictures {
  /** Shows what the server has at `url`; with a key not before it comes near the screen, as `loading=lazy` does without. */
  show(image: HTMLImageElement, url: string): void;
  showFile(image: HTMLImageElement, file: Blob): void;
  /** Takes out what is in the parent, and frees its pictures. */
  empty(parent: Element): void;
}

const nearTheScreen = '200px';

export function createPictures({ api, hasKey, onRefused }: PicturesOptions): Pictures {
  const wanted = new WeakMap<HTMLImageElement, { readonly url: string; readonly loading: AbortController }>();

  async function load(image: HTMLImageElement): Promise<void> {
    const picture = wanted.get(image);
    if (picture === undefined) return;
    const { signal } = picture.loading;
    try {
      const bytes = await api.readPicture(picture.url, signal);
      if (!signal.aborted) image.src = URL.createObjectURL(bytes);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof KeyRefused) onRefused(error);
      // What the browser tells of one it cannot load by its address.
      else image.dispatchEvent(new Event('error'));
    }
  }

  const observer = new IntersectionObserver(
    entries => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        void load(target as HTMLImageElement);
      }
    },
    { rootMargin: nearTheScreen },
  );

  function free(image: HTMLImageElement): void {
    observer.unobserve(image);
    wanted.get(image)?.loading.abort();
    wanted.delete(image);
    if (image.src.startsWith('blob:')) URL.revokeObjectURL(image.src);
    image.removeAttribute('src');
  }

  return {
    show(image, url) {
      free(image);
      if (!hasKey()) {
        image.src = url;
        return;
      }
      wanted.set(image, { url, loading: new AbortController() });
      observer.observe(image);
    },
    showFile(image, file) {
      free(image);
      image.src = URL.createObjectURL(file);
    },
    empty(parent) {
      for (const image of parent.querySelectorAll('img')) free(image);
      parent.replaceChildren();
    },
  };
}
