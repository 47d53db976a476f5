/**
 * `npm run demo [-- options of serve]`: draws the catalog, trains on it for about two minutes on two cores, measures
 * the result on products it never saw beside colour histograms, indexes everything and serves it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { demoFolder, prepareDemoData } from './demo-data.js';
import { runSteps } from './run-steps.js';

const { catalog, trainingClasses, unseenClasses } = await prepareDemoData();
const model = join(demoFolder, 'demo');
const gallery = join(demoFolder, 'gallery');
// Its vectors are of the model of the demo before.
await rm(gallery, { recursive: true, force: true });
const unseen = ['--data', catalog, '--classes', unseenClasses];
process.exitCode = await runSteps([
  [
    ...['train', '--data', catalog, '--classes', trainingClasses, '--out', model, '--overwrite'],
    ...['--network-options', 'width=16', '--epochs', '16'],
  ],
  ['evaluate', ...unseen, '--baseline', 'colour-histogram'],
  ['evaluate', ...unseen, '--model', model],
  ['index', catalog, '--gallery', gallery, '--model', model],
  ['serve', '--gallery', gallery, ...process.argv.slice(2)],
]);
