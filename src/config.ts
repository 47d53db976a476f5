import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { MedoidError, messageOf } from './errors.js';
import { nearestName } from './nearest-name.js';

/** Where a setting came from: the first of these that has it decides. */
export interface SettingSource {
  readonly kind: 'flag' | 'environment' | 'file' | 'default';
  /** As people know it: `--port`, `MEDOID_PORT`, the path of the file, `default`. */
  readonly name: string;
}

/** A value as it was written, not yet checked. */
export interface GivenSetting {
  readonly value: unknown;
  readonly source: SettingSource;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `MEDOID_MAX_IMAGE_BYTES` for `maxImageBytes`. */
export const environmentName = (setting: string): string =>
  `MEDOID_${setting.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`;

/** What is left of a schema without its default. */
export const unwrapSchema = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? unwrapSchema(schema.def.innerType as z.ZodType)
    : schema;

/** A text that says true or false where the setting is just that; true and false where its words are on and off. */
function translate(value: unknown, schema: z.ZodType): unknown {
  const inner = unwrapSchema(schema);
  const isSwitch = inner instanceof z.ZodEnum && inner.options.includes('on');
  if (!isSwitch && !(inner instanceof z.ZodBoolean)) return value;
  const isTrue = value === true || value === 'true';
  if (!isTrue && value !== false && value !== 'false') return value;
  if (isSwitch) return isTrue ? 'on' : 'off';
  return isTrue;
}

/** What the tools of the Hugging Face hub read, too: who asks, and a mirror to ask instead. */
export interface HubEnvironment {
  readonly token: string | undefined;
  readonly hubUrl: string | undefined;
}

/** @throws MedoidError `invalid-option` for a token that cannot be one, which it does not repeat */
export function readHubEnvironment(environment: Environment = process.env): HubEnvironment {
  const { HF_TOKEN: token = '', HF_ENDPOINT: endpoint } = environment;
  if (/^[!-~]*$/.test(token.trim())) {
    return { token: token.trim() || undefined, hubUrl: endpoint || undefined };
  }
  throw new MedoidError(
    'invalid-option',
    'HF_TOKEN: expected letters, digits and signs, got something else',
    {
      field: 'HF_TOKEN',
    },
  );
}

/** The API key that a server is asked with, where it is not in a file. */
export const readApiKey = (environment: Environment = process.env): string | undefined =>
  environment.MEDOID_KEY || undefined;

async function readJsonObject(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const code = error.code === 'ENOENT' ? 'file-not-found' : 'file-unusable';
    throw new MedoidError(code, `expected the configuration file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new MedoidError('invalid-option', `${path}: expected JSON: ${messageOf(error)}`, { cause: error });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Record<string, unknown>;
  }
  throw new MedoidError('invalid-option', `${path}: expected a JSON object of settings`);
}

async function readSettingsFile(
  path: string,
  shape: Readonly<Record<string, z.ZodType>>,
): Promise<Record<string, unknown>> {
  const values = await readJsonObject(path);
  for (const field of Object.keys(values)) {
    if (Object.hasOwn(shape, field)) continue;
    const nearest = nearestName(field, Object.keys(shape));
    throw new MedoidError(
      'invalid-option',
      `${path}: there is no setting ${JSON.stringify(field)}; the nearest is ${JSON.stringify(nearest)}`,
      { field },
    );
  }
  return values;
}

/**
 * What the environment and a JSON file say of the settings in `shape`; the environment goes before the file. An empty
 * variable counts as not given: that is how container tools write one that is not set.
 * @param options.file unless given the one that `MEDOID_CONFIG` names, if any
 * @throws MedoidError `file-not-found`, `file-unusable`, or `invalid-option` naming the file and what is wrong in it
 */
export async function readConfiguration(
  shape: Readonly<Record<string, z.ZodType>>,
  options: { readonly file?: string | undefined; readonly environment?: Environment } = {},
): Promise<Record<string, GivenSetting>> {
  const { environment = process.env } = options;
  const file = options.file ?? (environment.MEDOID_CONFIG || undefined);
  const inFile = file === undefined ? {} : await readSettingsFile(file, shape);
  const given: Record<string, GivenSetting> = {};
  for (const [setting, schema] of Object.entries(shape)) {
    const variable = environmentName(setting);
    if (environment[variable]) {
      const source = { kind: 'environment', name: variable } as const;
      given[setting] = { value: translate(environment[variable], schema), source };
    } else if (file !== undefined && Object.hasOwn(inFile, setting)) {
      given[setting] = { value: translate(inFile[setting], schema), source: { kind: 'file', name: file } };
    }
  }
  return given;
}
