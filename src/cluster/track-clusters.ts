/** What clusters were and what they are now. */
export interface Tracking {
  /** Cluster before of each point; −1 for one that was in none: [count]. */
  readonly before: Int32Array;
  /** Facility now of each point: [count]. */
  readonly after: Int32Array;
  /** Of each facility the cluster that it is known to be of; −1 where its points say so: [facilities]. */
  readonly known: Int32Array;
}

export interface TrackedClusters {
  /** Of each facility the cluster before that it goes on as; −1 for a new one: [facilities]. */
  readonly goesOnAs: Int32Array;
  /** Of each new facility's, the cluster that most of its points were in; −1 where they were in none: [facilities]. */
  readonly cameFrom: Int32Array;
  /** Of each cluster that no facility goes on as, the facility that most of its points are with now. */
  readonly wentTo: ReadonlyMap<number, number>;
}

interface Share {
  readonly cluster: number;
  readonly facility: number;
  readonly points: number;
}

/** How many points each cluster before and each facility now have in common: most first, of equals the lowest. */
function countShares({ before, after }: Tracking): Share[] {
  const counts = new Map<number, Map<number, number>>();
  for (const [i, cluster] of before.entries()) {
    if (cluster < 0) continue;
    const ofCluster = counts.get(cluster) ?? new Map<number, number>();
    if (ofCluster.size === 0) counts.set(cluster, ofCluster);
    ofCluster.set(after[i], (ofCluster.get(after[i]) ?? 0) + 1);
  }
  const shares = [...counts].flatMap(([cluster, ofCluster]) =>
    [...ofCluster].map(([facility, points]) => ({ cluster, facility, points })),
  );
  return shares.sort((a, b) => b.points - a.points || a.cluster - b.cluster || a.facility - b.facility);
}

/**
 * Which cluster each facility goes on as: the one that it has most points in common with, the greatest share first, each
 * cluster once. So what a cluster's id means stays what most of its points are.
 */
export function trackClusters(tracking: Tracking): TrackedClusters {
  const shares = countShares(tracking);
  const goesOnAs = tracking.known.slice();
  const taken = new Set(goesOnAs);
  for (const { cluster, facility } of shares) {
    if (goesOnAs[facility] >= 0 || taken.has(cluster)) continue;
    goesOnAs[facility] = cluster;
    taken.add(cluster);
  }
  const cameFrom = new Int32Array(goesOnAs.length).fill(-1);
  const wentTo = new Map<number, number>();
  for (const { cluster, facility } of shares) {
    if (goesOnAs[facility] < 0 && cameFrom[facility] < 0) cameFrom[facility] = cluster;
    if (!taken.has(cluster) && !wentTo.has(cluster)) wentTo.set(cluster, facility);
  }
  return { goesOnAs, cameFrom, wentTo };
}
