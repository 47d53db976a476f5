/** Told what goes wrong beside what was asked for. @param cause the error itself, where there is one */
export type Notify = (message: string, cause?: unknown) => void;
