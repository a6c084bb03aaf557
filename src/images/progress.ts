/** What image work is doing right now. Sent often; whoever shows it decides how often to draw. */
export interface ImageProgress {
  step: "resolve" | "pull" | "unpack" | "write" | "build" | "wait";
  /** One readable line, without the elapsed time. */
  message: string;
  /** Since the call began. */
  elapsedMs: number;
  /** Of this step, when both are known. */
  doneBytes?: number;
  totalBytes?: number;
}

export type OnProgress = (progress: ImageProgress) => void;

/** Stamps reports with the time since now; each byte counter is passed on at most ten times a second. */
export function progressReporter(onProgress: OnProgress | undefined): Report {
  const startedAt = performance.now();
  const lastAt = new Map<string, number>();
  return (step, message, bytes) => {
    const now = performance.now();
    const isFinal = bytes === undefined || bytes.doneBytes === bytes.totalBytes;
    if (!isFinal && now - (lastAt.get(message) ?? Number.NEGATIVE_INFINITY) < 100) return;
    lastAt.set(message, now);
    onProgress?.({ step, message, elapsedMs: Math.round(now - startedAt), ...bytes });
  };
}

export type Report = (
  step: ImageProgress["step"],
  message: string,
  bytes?: { doneBytes: number; totalBytes?: number },
) => void;
