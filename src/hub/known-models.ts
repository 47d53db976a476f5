import type { Pooling } from '../embed/manifest.js';
import type { Preprocessing } from '../images/preprocessing.js';

/** Everything that a file of a hub does not say of itself. */
export interface HubModel {
  /** What it is called here, and the folder it is kept in. */
  readonly name: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly file: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly preprocessing: Preprocessing;
  /** The output to be used; the only one that may be unless given. */
  readonly output?: string | undefined;
  readonly pooling?: Pooling | undefined;
}

/** One whose bytes are known beforehand. */
export interface KnownModel extends HubModel {
  readonly summary: string;
  readonly license: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly dimension: number;
}

type Three = Preprocessing['mean'];

/** Of values from 0 to 1, as `preprocessor_config.json` has them. */
const ofUnit = (mean: Three, std: Three): Pick<Preprocessing, 'channels' | 'mean' | 'std'> => ({
  channels: 'rgb',
  mean: mean.map(value => 255 * value) as Three,
  std: std.map(value => 255 * value) as Three,
});

const imagenet = ofUnit([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
const clip = ofUnit([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]);
const half = ofUnit([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]);

/**
 * Preprocessing as the `preprocessor_config.json` of each repository has it; all of them are resized bicubically, as it
 * is done here. Commits, sizes and hashes as others published them who pinned the same files.
 */
export const knownModels: readonly KnownModel[] = [
  {
    name: 'dinov2-small',
    summary: 'DINOv2 ViT-S/14 (Oquab et al. 2023): learnt without labels, strong on instances and textures',
    repository: 'Xenova/dinov2-small',
    file: 'onnx/model.onnx',
    revision: 'c2bb04a51fab207c420665f1946016107bffc701',
    license: 'apache-2.0',
    bytes: 88_459_888,
    sha256: '83141175ec78b4ff9a2bb58a4c7c264ba0054d1c2e122e5a8114b79a8d4179ea',
    preprocessing: { resize: 256, fit: 'cover', crop: 224, ...imagenet },
    output: 'last_hidden_state',
    pooling: 'cls',
    dimension: 384,
  },
  {
    name: 'clip-vit-b-32',
    summary:
      'CLIP ViT-B/32, its vision tower (Radford et al. 2021): learnt from captions, strong on what things are',
    repository: 'Qdrant/clip-ViT-B-32-vision',
    file: 'model.onnx',
    revision: 'e0c24ed0fa57fa3e4f97f30de74c51d944036ace',
    license: 'mit',
    bytes: 351_686_194,
    sha256: 'c68d3d9a200ddd2a8c8a5510b576d4c94d1ae383bf8b36dd8c084f94e1fb4d63',
    preprocessing: { resize: 224, fit: 'cover', crop: 224, ...clip },
    output: 'image_embeds',
    dimension: 512,
  },
  {
    name: 'siglip-base',
    summary: 'SigLIP base/16, its vision tower (Zhai et al. 2023): as CLIP, with a better loss',
    repository: 'Xenova/siglip-base-patch16-224',
    file: 'onnx/vision_model.onnx',
    revision: '4649052661e53c7000355844105f8a1792088239',
    license: 'apache-2.0',
    bytes: 371_819_850,
    sha256: 'f89d41bac7f4d4b87e010a467d93f98689d708916ed22f5a07f96fdfa26f475f',
    preprocessing: { resize: 224, fit: 'squash', crop: 224, ...half },
    output: 'pooler_output',
    dimension: 768,
  },
  {
    name: 'mobilenet-v4-small',
    summary:
      'MobileNetV4 small (Qin et al. 2024): by far the fastest; its scores of the ImageNet classes, so best with a head',
    repository: 'onnx-community/mobilenetv4_conv_small.e2400_r224_in1k',
    file: 'onnx/model.onnx',
    // No commit is known; the hash is.
    revision: 'main',
    license: 'apache-2.0',
    bytes: 15_086_122,
    sha256: 'ca5b8dbf490f54e83c5d72f787821565447ea94347935f6b834cf0a4af0e8d37',
    preprocessing: { resize: 256, fit: 'cover', crop: 224, ...imagenet },
    dimension: 1000,
  },
];
