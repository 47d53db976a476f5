const name = 'medoid-key';

/** The key that the reader of the page gave. */
export interface StoredKey {
  read(): string | undefined;
  keep(key: string): void;
  forget(): void;
}

/** Refused to pages by browsers that are told to keep nothing. */
function findStorage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

/** Kept by the tab until it is closed, and nowhere else; by the page alone where the browser keeps nothing. */
export function createStoredKey(): StoredKey {
  const storage = findStorage();
  let key = storage?.getItem(name) ?? undefined;
  return {
    read: () => key,
    keep(given) {
      key = given;
      storage?.setItem(name, given);
    },
    forget() {
      key = undefined;
      storage?.removeItem(name);
    },
  };
}
