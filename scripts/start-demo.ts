/** `npm start [-- options of serve]`: draws the catalog, indexes it with the shipped model and serves it. */
import { join } from 'node:path';
import { loadModel } from '../src/embed/manifest.js';
import { demoFolder, prepareDemoData } from './demo-data.js';
import { runSteps } from './run-steps.js';

const { catalog } = await prepareDemoData();
const model = join('models', 'demo');
// One a model: vectors of different models are never compared.
const gallery = join(demoFolder, `gallery-${(await loadModel(model)).id}`);
process.exitCode = await runSteps([
  ['index', catalog, '--gallery', gallery, '--model', model],
  ['serve', '--gallery', gallery, ...process.argv.slice(2)],
]);
