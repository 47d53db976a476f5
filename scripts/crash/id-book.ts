/** Which id each item has, and which were given to items that are gone: an id never comes back. */
export class IdBook {
  private readonly ids = new Map<string, number>();
  private readonly gone = new Map<number, string>();

  /** Of items that are gone, newest last, with what they were. */
  get retired(): ReadonlyMap<number, string> {
    return this.gone;
  }

  of(thing: string): number {
    const id = this.ids.get(thing);
    if (id === undefined) throw new Error(`no id is known of ${thing}`);
    return id;
  }

  note(thing: string, id: number): void {
    this.ids.set(thing, id);
  }

  retire(thing: string): void {
    const id = this.ids.get(thing);
    if (id === undefined) return;
    this.ids.delete(thing);
    this.gone.set(id, thing);
  }

  /** What is wrong with the ids that are there, each in a line; afterwards they are those that count. */
  compare(actual: ReadonlyMap<string, number>): string[] {
    const wrong: string[] = [];
    for (const [thing, id] of actual) {
      const known = this.ids.get(thing);
      if (this.gone.has(id))
        wrong.push(`id ${id} came back: it was of ${this.gone.get(id)}, now of ${thing}`);
      if (known !== undefined && known !== id) wrong.push(`${thing} had the id ${known}, now ${id}`);
    }
    for (const thing of [...this.ids.keys()]) if (!actual.has(thing)) this.retire(thing);
    for (const [thing, id] of actual) this.note(thing, id);
    return wrong;
  }
}
