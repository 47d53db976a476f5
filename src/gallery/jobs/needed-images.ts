/** Which images the jobs that have not ended need. */
export class NeededImages {
  private readonly imagesOf = new Map<number, readonly string[]>();
  /** How many jobs need each. */
  private readonly counts = new Map<string, number>();

  add(jobId: number, images: readonly string[]): void {
    const distinct = [...new Set(images)];
    if (distinct.length === 0) return;
    this.imagesOf.set(jobId, distinct);
    for (const image of distinct) this.counts.set(image, (this.counts.get(image) ?? 0) + 1);
  }

  remove(jobId: number): void {
    for (const image of this.of(jobId)) {
      const count = (this.counts.get(image) ?? 0) - 1;
      if (count > 0) this.counts.set(image, count);
      else this.counts.delete(image);
    }
    this.imagesOf.delete(jobId);
  }

  has(image: string): boolean {
    return this.counts.has(image);
  }

  of(jobId: number): readonly string[] {
    return this.imagesOf.get(jobId) ?? [];
  }
}
