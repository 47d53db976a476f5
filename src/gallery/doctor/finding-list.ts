import type { Finding } from './finding.js';
import type { FindingCode } from './finding-catalogue.js';

/** Of one code: each takes memory, and a gallery may have lost millions of pictures. */
const mostKept = 10_000;

/** What was found, in the order of the checks: all of it counted, and so much of each code kept. */
export class FindingList {
  readonly kept: Finding[] = [];
  private readonly byCode = new Map<FindingCode, number>();

  add(finding: Finding): void {
    const count = this.countOf(finding.code) + 1;
    this.byCode.set(finding.code, count);
    if (count <= mostKept) this.kept.push(finding);
  }

  countOf(code: FindingCode): number {
    return this.byCode.get(code) ?? 0;
  }

  get total(): number {
    return [...this.byCode.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many of each code there are. */
  counts(): Readonly<Partial<Record<FindingCode, number>>> {
    return Object.fromEntries(this.byCode);
  }
}
