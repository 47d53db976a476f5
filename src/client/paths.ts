type Part = string | number;

export const itemsPath = (name: string, ...rest: readonly Part[]): Part[] => [
  ...['v1', 'collections', name, 'items'],
  ...rest,
];

export const clusteringPath = (name: string): string[] => ['v1', 'collections', name, 'clustering'];

export const clustersPath = (name: string, ...rest: readonly Part[]): Part[] => [
  ...['v1', 'collections', name, 'clusters'],
  ...rest,
];

export const evaluationsPath = (name: string, ...rest: readonly Part[]): Part[] => [
  ...['v1', 'collections', name, 'evaluations'],
  ...rest,
];

export const duplicatesPath = (name: string, ...rest: readonly Part[]): Part[] => [
  ...['v1', 'collections', name, 'duplicates'],
  ...rest,
];
