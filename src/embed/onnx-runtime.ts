/**
 * The one place where ONNX Runtime comes in. Its builds report usage and keep an identifier of the machine on disk
 * unless this is set before the library is loaded, so it is loaded late.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

export const { InferenceSession, Tensor } = await import('onnxruntime-node');
