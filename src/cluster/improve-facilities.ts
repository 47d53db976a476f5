import type { TakeTurn } from '../take-turns.js';
import type { Candidates } from './candidates.js';
import type { DistanceRows } from './distance-rows.js';
import type { Facility, PointGroups } from './facility.js';
import { HeldPoints } from './held-points.js';
import { NearestTwo } from './nearest-two.js';
import type { PointDistances } from './point-distances.js';

const mostSweeps = 100;
/** Of the cost: less is rounding, and might be gained again and again. */
const leastShare = 1e-12;

export interface ImprovementOptions {
  readonly candidates: Candidates;
  readonly rows: DistanceRows;
  readonly groups: PointGroups;
  /** What each facility costs, in distance; more than 0. */
  readonly facilityCost: number;
  /** A step that does not gain more is not worth it; 0 unless given. */
  readonly leastGain?: number;
  readonly takeTurn: TakeTurn;
}

export interface ImprovedFacilities {
  readonly facilities: readonly Facility[];
  /** Position of the facility that serves each point: [count]. */
  readonly assignment: Int32Array;
  /** How many facilities were taken away, put beside the others, and put in the place of one. */
  readonly steps: { readonly removed: number; readonly added: number; readonly swapped: number };
}

/** A search under way. */
class Search {
  readonly steps = { removed: 0, added: 0, swapped: 0 };
  readonly facilities: Facility[];
  private readonly isFacility: Uint8Array;
  private cost: number;

  private constructor(
    private readonly near: NearestTwo,
    private readonly heldPoints: HeldPoints,
    private readonly options: ImprovementOptions,
    start: readonly Facility[],
  ) {
    this.facilities = [...start];
    this.isFacility = new Uint8Array(options.candidates.count);
    for (const { point } of start) this.isFacility[point] = 1;
    this.cost = near.cost + heldPoints.cost + start.length * options.facilityCost;
  }

  static async begin(
    distances: PointDistances,
    start: readonly Facility[],
    options: ImprovementOptions,
  ): Promise<Search> {
    const { groups, takeTurn } = options;
    const medoids = start.map(({ point }) => point);
    const near = await NearestTwo.create(distances, medoids, { takeTurn, leftOut: groups.held });
    const heldPoints = await HeldPoints.create(distances, groups, { facilities: start, takeTurn });
    return new Search(near, heldPoints, options, start);
  }

  /** Until nothing that can be tried makes the cost less. */
  async run(): Promise<void> {
    const { candidates, takeTurn } = this.options;
    await this.removeWhatDoesNotPay();
    for (let sweep = 0, quiet = 0; sweep < mostSweeps; sweep++) {
      for (let candidate = 0; candidate < candidates.count; candidate++) {
        if (quiet++ === candidates.count) return;
        if (this.isFacility[candidate] === 1) continue;
        await takeTurn();
        if (!(await this.tryCandidate(candidate))) continue;
        await this.removeWhatDoesNotPay();
        quiet = 0;
      }
    }
  }

  assign(): Int32Array {
    const assignment = this.near.first.slice();
    const positionOf = new Map(this.facilities.map(({ point }, position) => [point, position]));
    this.heldPoints.visitNearest((point, facility) => {
      assignment[point] = positionOf.get(facility) as number;
    });
    for (const [point, position] of positionOf) assignment[point] = position;
    return assignment;
  }

  private isGain(change: number): boolean {
    return change < -Math.max(leastShare * this.cost, this.options.leastGain ?? 0);
  }

  private async removeWhatDoesNotPay(): Promise<void> {
    const { facilityCost, takeTurn } = this.options;
    for (;;) {
      await takeTurn();
      let [position, change] = [-1, 0];
      for (let at = 0; at < this.facilities.length; at++) {
        // What the held points lose comes on top.
        if (this.near.losses[at] - facilityCost >= change || !this.mayRemove(at)) continue;
        const found = this.near.losses[at] + this.heldPoints.lossOf(this.facilities[at]) - facilityCost;
        if (found < change) [position, change] = [at, found];
      }
      if (position < 0 || !this.isGain(change)) return;
      await this.remove(position);
      this.cost += change;
    }
  }

  private mayRemove(position: number): boolean {
    const { group, pinned } = this.facilities[position];
    if (pinned || this.facilities.length === 1) return false;
    return group < 0 || this.facilities.filter(facility => facility.group === group).length > 1;
  }

  private async remove(position: number): Promise<void> {
    const { facilities, isFacility, near, heldPoints } = this;
    const { takeTurn } = this.options;
    const { point, group } = facilities[position];
    isFacility[point] = 0;
    facilities[position] = facilities[facilities.length - 1];
    facilities.pop();
    await near.remove(position, takeTurn);
    await heldPoints.follow(group, facilities, takeTurn);
    this.steps.removed++;
  }

  /** Puts the point beside the facilities or in the place of one, whichever is better, if it is better than neither. */
  private async tryCandidate(point: number): Promise<boolean> {
    const { groups, candidates, facilityCost, rows, takeTurn } = this.options;
    const { facilities, near, heldPoints, isFacility } = this;
    const gain = near.weigh(candidates.reachOf(point));
    let [position, change] = groups.held[point] === 1 ? [-1, 0] : [facilities.length, facilityCost - gain];
    for (let at = 0; at < facilities.length; at++) {
      if (near.changes[at] - gain >= change && facilities[at].group < 0) continue;
      if (!this.mayReplace(at, point)) continue;
      const found = near.changes[at] - gain + heldPoints.changeOf(facilities[at], point);
      if (found < change) [position, change] = [at, found];
    }
    if (position < 0 || !this.isGain(change)) return false;
    this.cost += change;
    isFacility[point] = 1;
    if (position === facilities.length) {
      facilities.push({ point, group: -1, pinned: false });
      near.add(point, rows);
      this.steps.added++;
      return true;
    }
    isFacility[facilities[position].point] = 0;
    facilities[position] = { ...facilities[position], point };
    await near.replace(position, point, { rows, takeTurn });
    await heldPoints.follow(facilities[position].group, facilities, takeTurn);
    this.steps.swapped++;
    return true;
  }

  private mayReplace(position: number, point: number): boolean {
    const { group, pinned } = this.facilities[position];
    const { memberOf, held } = this.options.groups;
    if (pinned) return false;
    return group < 0 ? held[point] === 0 : memberOf[point] === group;
  }
}

/**
 * Local search for uncapacitated facility location (Arya et al. 2004): from the facilities there are, one is taken away,
 * put beside the others or put in the place of one as long as that makes
 *   Σ_i d(i, nearest facility) + facilityCost · facilities
 * less. Where candidates reach all and every gain is worth it, what it ends in costs at most 3 times the least there is, and a few percent more as a
 * rule; with `groups` that holds among what they allow. Nothing is drawn at random.
 * @param start one facility at least; at distinct points, one or more for each group
 * @throws MedoidError `interrupted`
 */
export async function improveFacilities(
  distances: PointDistances,
  start: readonly Facility[],
  options: ImprovementOptions,
): Promise<ImprovedFacilities> {
  const search = await Search.begin(distances, start, options);
  await search.run();
  return { facilities: search.facilities, assignment: search.assign(), steps: search.steps };
}
