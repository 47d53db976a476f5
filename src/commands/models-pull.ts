import { z } from 'zod';
import { readHubEnvironment } from '../config.js';
import { poolingSchema } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { knownModels } from '../hub/known-models.js';
import { pullModel, type WantedModel } from '../hub/pull-model.js';
import { nearestName } from '../nearest-name.js';
import { type CommandResult, defineCommand } from './command.js';
import { lockFolder } from './lock-folder.js';
import { modelName, modelsOption } from './models-option.js';
import { pixelOptionNames, pixelOptions, preprocessingOf } from './pixel-options.js';
import { kebabCase } from './read-input.js';
import { createStages } from './stages.js';

const standardHub = 'https://huggingface.co';
const knownNames = knownModels.map(({ name }) => name);

const misuse = (message: string, field: string): MedoidError =>
  new MedoidError('invalid-option', message, { field });

const pullArguments = z.strictObject({
  model: z.string().describe(`${knownNames.join(', ')}, or owner/name of a repository`),
});

const { imageSize, resize, fit, channels, pixelMean, pixelStd } = pixelOptions;

const pullOptions = z.strictObject({
  models: modelsOption,
  name: modelName.optional().describe('what to call it (default: its own name)'),
  force: z.boolean().default(false).describe('download it anew, and replace any model of that name'),
  hubUrl: z.url().optional().describe(`hub, or a mirror of it (default: HF_ENDPOINT, or ${standardHub})`),
  file: z
    .string()
    .regex(/^(?!\/)(?!(.*\/)?\.\.?(\/|$)).+\.onnx$/, 'expected a path of an .onnx file within the repository')
    .optional()
    .describe('of another repository: its file, such as onnx/model.onnx'),
  revision: z.string().min(1).optional().describe('branch, tag or commit of it (default: main)'),
  output: z.string().min(1).optional().describe('output to be used (default: the only one that may)'),
  pooling: poolingSchema
    .optional()
    .describe('how an output of tokens [n, t, d] is pooled: cls = the first of them, mean = of all'),
  imageSize: imageSize.describe('side of its input in pixels; needed, as are --pixel-mean and --pixel-std'),
  ...{ resize, fit, channels },
  pixelMean: pixelMean.describe('what is subtracted from each channel, 0..255'),
  pixelStd: pixelStd.describe('what each channel is divided by then'),
});

type PullInput = z.output<typeof pullArguments> & z.output<typeof pullOptions>;

/** Of the table: everything is known of it. @throws MedoidError `invalid-option` for what contradicts that */
function findKnown(input: PullInput): WantedModel {
  const known = knownModels.find(({ name }) => name === input.model);
  if (known === undefined) {
    throw misuse(
      `expected ${knownNames.join(', ')} or owner/name of a repository, got ${input.model}; ` +
        `the nearest is ${nearestName(input.model, knownNames)}`,
      'model',
    );
  }
  const given = (['file', 'revision', 'output', 'pooling', ...pixelOptionNames] as const).find(
    option => input[option] !== undefined,
  );
  if (given !== undefined) {
    throw misuse(
      `--${kebabCase(given)} is known of ${known.name}; of other files, name the repository, as ${known.repository}`,
      given,
    );
  }
  return { ...known, name: input.name ?? known.name };
}

/** @throws MedoidError `invalid-option` for what nobody but the caller can know */
function describeOther(input: PullInput): WantedModel {
  const { model: repository, file, revision = 'main', output, pooling } = input;
  const missing = (['imageSize', 'pixelMean', 'pixelStd'] as const).find(name => input[name] === undefined);
  if (file === undefined || missing !== undefined) {
    throw misuse(
      `expected --file, --image-size, --pixel-mean and --pixel-std of ${repository}: wrong ones would go unnoticed`,
      missing ?? 'file',
    );
  }
  const name = modelName.safeParse(input.name ?? repository.split('/')[1]);
  if (!name.success) throw misuse(`expected --name: ${repository} gives none that a folder can have`, 'name');
  return {
    ...{ name: name.data, repository, file, revision, output, pooling },
    preprocessing: preprocessingOf(input),
  };
}

const isRepository = (model: string): boolean => /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(model);

export const modelsPull = defineCommand({
  name: 'models pull',
  summary: 'Bring a model of the Hugging Face hub, going on where an earlier pull was stopped.',
  arguments: pullArguments,
  options: pullOptions,
  async run(input, { signal, report }): Promise<CommandResult> {
    const wanted = isRepository(input.model) ? describeOther(input) : findKnown(input);
    const { token, hubUrl } = readHubEnvironment();
    const stages = createStages();
    const { directory, manifest, wasThere } = await pullModel(wanted, {
      ...{ models: input.models, force: input.force, lock: lockFolder, signal, token },
      hubUrl: input.hubUrl ?? hubUrl ?? standardHub,
      onProgress: (done, total) => stages.update('pull', { done, total, unit: 'bytes' }),
      onNotice: report,
    }).finally(stages.close);
    const { name, dimension, source, weights } = manifest;
    const what = `${name}, ${dimension} numbers a picture, licence ${source?.license ?? 'unknown'}`;
    return {
      json: { name, directory, wasThere, sha256: weights.sha256, dimension, source },
      text: wasThere ? `${directory} has it already: ${what}` : `wrote ${directory}: ${what}`,
    };
  },
});
