import { searches } from './searches.js';

/** Beside the ways of searching: how long it takes to start, what searches wait for uploads, and too many uploads. */
export const measurementNames = ['start', ...searches.map(({ name }) => name), 'mixed', 'crowd'] as const;
