import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../durable-file.js';
import { loadModel, type Manifest, type Model, occupantOf, placeModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { describeModel } from './describe-model.js';
import { downloadFile } from './download-file.js';
import { findHubFile, type HubFile } from './find-hub-file.js';
import { createHubFetch, defaultPatience, type HubPatience, requireSafeUrl } from './hub-fetch.js';
import type { HubModel, KnownModel } from './known-models.js';
import { preparePull, pullFolder } from './pull-folder.js';

/** ONNX Runtime is handed a model in one piece, and no file of ONNX's own form is longer. */
const mostBytes = 2 ** 31 - 1;

export interface PullOptions extends Partial<HubPatience> {
  /** Folder of all models. */
  readonly models: string;
  readonly hubUrl: string;
  readonly token?: string | undefined;
  /** Whether it is downloaded anew, and put in the place of any model that is there. */
  readonly force: boolean;
  /** Keeps a folder to this process. @throws MedoidError where another has it */
  readonly lock: (folder: string) => Promise<{ close(): void }>;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly onNotice: (message: string) => void;
}

export interface PulledModel {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Whether nothing had to be done. */
  readonly wasThere: boolean;
}

/** With what is known of it beforehand, if anything. */
export type WantedModel = HubModel & Partial<Pick<KnownModel, 'sha256' | 'dimension' | 'license'>>;

const descriptionOf = ({ preprocessing, pooling }: Pick<HubModel, 'preprocessing' | 'pooling'>): string =>
  JSON.stringify([preprocessing, pooling ?? null]);

/** Whether a model that is there came from the same file, to be used in the same way. */
function isSame({ manifest }: Model, wanted: HubModel): boolean {
  const { source, output } = manifest;
  return (
    source?.repository === wanted.repository &&
    source.file === wanted.file &&
    (wanted.output === undefined || wanted.output === output) &&
    descriptionOf(manifest) === descriptionOf(wanted)
  );
}

/**
 * The model that is there, whole and of the same file.
 * @throws MedoidError `out-exists` for another model, and for what is none
 */
async function findPulled(
  directory: string,
  wanted: HubModel,
  onNotice: PullOptions['onNotice'],
): Promise<Model | undefined> {
  if ((await occupantOf(directory)) === 'nothing') return undefined;
  const model = await loadModel(directory).catch(error => {
    if (!(error instanceof MedoidError)) throw error;
    onNotice(`${error.message}; it is pulled anew`);
  });
  if (model === undefined || isSame(model, wanted)) return model ?? undefined;
  throw new MedoidError(
    'out-exists',
    `${directory} is there already and is another model: --force replaces it, --name pulls to another place`,
  );
}

/** Without asking the hub: its commits and hashes do not change what they stand for. */
const isKnownToBe = ({ manifest }: Model, { sha256, revision }: WantedModel): boolean =>
  sha256 === manifest.weights.sha256 || revision === manifest.source?.commit;

const stays = (directory: string, { manifest }: Model): PulledModel => ({
  directory,
  manifest,
  wasThere: true,
});

function checkFile({ bytes, sha256 }: HubFile, wanted: WantedModel): void {
  if (bytes === 0 || bytes > mostBytes) {
    throw new MedoidError(
      'invalid-model',
      `expected 1 to ${mostBytes} bytes of ${wanted.repository}, ${wanted.file}, got ${bytes}`,
    );
  }
  if (sha256 === undefined || wanted.sha256 === undefined || sha256 === wanted.sha256) return;
  throw new MedoidError(
    'fetch-failed',
    `expected SHA-256 ${wanted.sha256} of ${wanted.repository}, ${wanted.file}, but the hub has ${sha256} there`,
  );
}

interface Arrival {
  readonly directory: string;
  readonly wanted: WantedModel;
  readonly file: HubFile;
}

async function bring(
  { directory, wanted, file }: Arrival,
  { fetch, options }: { fetch: typeof globalThis.fetch; options: PullOptions & HubPatience },
): Promise<Manifest> {
  const { hubUrl, onProgress } = options;
  const folder = pullFolder(directory);
  const lock = await options.lock(folder);
  try {
    const fileName = 'model.onnx';
    const model = await preparePull(folder, wanted, file);
    const path = join(model, fileName);
    const known = { ...file, sha256: wanted.sha256 ?? file.sha256 };
    const sha256 = await downloadFile(known, path, {
      ...{ ...options, fetch },
      onProgress: done => onProgress(done, file.bytes),
    });
    const { repository, file: inRepository, revision } = wanted;
    const license = file.license ?? wanted.license ?? null;
    const manifest = await describeModel(wanted, {
      ...{ path, fileName, sha256, dimension: wanted.dimension },
      source: { hub: hubUrl, repository, file: inRepository, revision, commit: file.commit, license },
    });
    await placeModel(model, directory, manifest);
    await rm(folder, { recursive: true, force: true });
    return manifest;
  } finally {
    lock.close();
  }
}

/**
 * Brings a model of a hub into the folder of models, where it appears whole or not at all. What was downloaded before it
 * was stopped is kept beside its place, and gone on from.
 * @throws MedoidError as `findHubFile`, `downloadFile` and `describeModel`; `out-exists`, `run-locked`,
 *   `invalid-option` or `url-not-allowed` for the hub, or the reason of `signal`
 */
export async function pullModel(wanted: WantedModel, given: PullOptions): Promise<PulledModel> {
  const options = { ...defaultPatience, ...given, hubUrl: given.hubUrl.replace(/\/+$/, '') };
  const { models, hubUrl, force, onNotice } = options;
  if (!URL.canParse(hubUrl)) {
    throw new MedoidError('invalid-option', `expected the address of a hub, got ${hubUrl}`, {
      field: 'hubUrl',
    });
  }
  requireSafeUrl(new URL(hubUrl));
  const directory = join(models, wanted.name);
  if (force) await occupantOf(directory);
  const there = force ? undefined : await findPulled(directory, wanted, onNotice);
  if (there !== undefined && isKnownToBe(there, wanted)) return stays(directory, there);
  const fetch = createHubFetch(options);
  const file = await findHubFile(wanted, { hubUrl, fetch });
  checkFile(file, wanted);
  if (there !== undefined && file.sha256 === there.manifest.weights.sha256) return stays(directory, there);
  await makeFolder(models);
  const manifest = await bring({ directory, wanted, file }, { fetch, options });
  return { directory, manifest, wasThere: false };
}
