import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Who may import whom (docs/architecture.md). A folder may always import itself and the files in `src/`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  math: [],
  images: ['math'],
  datasets: ['images', 'math'],
  'vector-index': ['math'],
  catalog: [],
  embed: ['images', 'math'],
  cluster: ['math'],
  evaluation: ['datasets', 'embed', 'images', 'cluster', 'vector-index', 'math'],
  features: ['datasets', 'embed', 'images', 'math'],
  hub: ['features', 'embed', 'images'],
  report: ['images', 'math'],
  train: ['datasets', 'images', 'math', 'embed'],
  comparison: ['datasets', 'evaluation', 'math', 'train'],
  gallery: ['images', 'embed', 'vector-index', 'catalog', 'cluster', 'evaluation', 'math'],
  api: ['catalog', 'gallery', 'images'],
  server: ['api', 'catalog', 'gallery', 'images'],
  client: ['api', 'catalog', 'gallery', 'images'],
  'api-evaluation': ['client', 'evaluation', 'math'],
  web: [],
  commands: [
    ...['math', 'images', 'datasets', 'vector-index', 'catalog', 'embed', 'cluster', 'evaluation', 'train'],
    ...['features', 'comparison', 'hub', 'report', 'gallery', 'server', 'client', 'api-evaluation'],
  ],
};

/** Packages that one place owns; a prefix of the path from `src/`. */
const owners: Readonly<Record<string, string>> = {
  '@huggingface/hub': 'hub/find-hub-file.ts',
  sharp: 'images/',
  undici: 'images/',
  'ipaddr.js': 'images/',
  'hnswlib-node': 'vector-index/native-graph.ts',
  'better-sqlite3': 'catalog/',
  'onnxruntime-node': 'embed/onnx-runtime.ts',
  '@tensorflow/tfjs-core': 'train/tf.ts',
  '@tensorflow/tfjs-layers': 'train/tf.ts',
  '@tensorflow/tfjs-backend-wasm': 'train/tf.ts',
  '@tensorflow/tfjs-backend-cpu': 'train/tf.ts',
  protobufjs: 'train/',
  express: 'server/',
  multer: 'server/',
  helmet: 'server/',
  'pino-http': 'server/',
  cors: 'server/',
  'express-rate-limit': 'server/',
  'prom-client': 'server/',
  'eventsource-parser': 'client/',
  'lru-cache': 'gallery/',
  'tar-stream': 'gallery/backup/',
  pino: 'log.ts',
  commander: 'commands/',
  'cli-progress': 'commands/',
  'csv-parse': 'csv-table.ts',
  yauzl: 'datasets/',
  'umap-js': 'math/',
  'ml-matrix': 'math/',
  vega: 'report/',
  'vega-lite': 'report/',
};

interface Import {
  readonly file: string;
  readonly from: string;
}

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  path => path.endsWith('.ts') && !path.endsWith('.d.ts'),
);

const imports: readonly Import[] = sources.flatMap(file => {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  // import … from 'x', export … from 'x', import 'x', import('x')
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)'([^']+)'/g;
  return [...text.matchAll(pattern)].map(([, from]) => ({ file: file.replaceAll('\\', '/'), from }));
});

const folderOf = (path: string): string | undefined => (path.includes('/') ? path.split('/')[0] : undefined);

const targetOf = ({ file, from }: Import): string =>
  relative(join(root, 'src'), resolve(root, 'src', dirname(file), from)).replaceAll('\\', '/');

const packageOf = (from: string): string =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');

describe('the tree', () => {
  it('has only folders that the table knows, and the table only folders there are', () => {
    const folders = new Set(sources.flatMap(file => folderOf(file.replaceAll('\\', '/')) ?? []));
    expect([...folders].sort()).toEqual(Object.keys(mayImport).sort());
  });

  it('imports one way only', () => {
    const wrong = imports.filter(entry => {
      const folder = folderOf(entry.file);
      if (!entry.from.startsWith('.') || folder === undefined) return false;
      const target = folderOf(targetOf(entry));
      return target !== undefined && target !== folder && !mayImport[folder].includes(target);
    });
    expect(wrong).toEqual([]);
  });

  it('never lets train and serve meet but in the model manifest and the runtime', () => {
    const strangers = imports.filter(
      entry =>
        entry.file.startsWith('train/') &&
        entry.from.startsWith('.') &&
        folderOf(targetOf(entry)) === 'embed' &&
        !['embed/manifest.js', 'embed/onnx-runtime.js'].includes(targetOf(entry)),
    );
    expect(strangers).toEqual([]);
  });

  it('leaves each third-party package to its owner', () => {
    const wrong = imports.filter(({ file, from }) => {
      const owner = owners[packageOf(from)];
      return owner !== undefined && !file.startsWith(owner);
    });
    expect(wrong).toEqual([]);
    // The check sees what it is meant to see.
    expect(imports.filter(({ from }) => from === 'sharp').length).toBeGreaterThan(0);
  });

  it('names an owner for every package that the program depends on, but those that any may use', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const shared = ['zod', 'p-limit'];
    expect(Object.keys(dependencies).sort()).toEqual([...Object.keys(owners), ...shared].sort());
  });

  it('reads the environment in one place only', () => {
    const readers = sources.filter(file =>
      /process\.env/.test(readFileSync(join(root, 'src', file), 'utf8')),
    );
    // It tells a library not to report home, before that library is loaded.
    expect(readers.filter(file => file !== 'config.ts')).toEqual(['embed/onnx-runtime.ts']);
  });

  it('holds no file much longer than a reader can keep in mind', () => {
    const long = sources
      .map(file => [file, readFileSync(join(root, 'src', file), 'utf8').split('\n').length] as const)
      .filter(([, lines]) => lines > 300);
    // The two medoid searches of one algorithm, read best side by side.
    expect(long.map(([file]) => file)).toEqual(['math/loss-augmented-inference.ts']);
  });
});
