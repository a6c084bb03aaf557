/** What one run of the client sees of the world. */
export interface LabctlContext {
  home: string;
  /** IXIMIUZ_SESSION_ID, IXIMIUZ_ACCESS_TOKEN, SSL_CERT_FILE, PATH. */
  env: Record<string, string | undefined>;
  /** PEM of what the Go runtime would trust (SSL_CERT_FILE). */
  ca: string | undefined;
  stdin: string;
  out: (text: string) => void;
  err: (text: string) => void;
  signal: AbortSignal;
  /** Milliseconds that stand for one second of the client's own waits; tests of waits shorten them. */
  secondMs: number;
}

/** Ends the program with this code after `labctl: <message>.` on stderr; without a message silently. */
export class Exit extends Error {
  override readonly name = "Exit";
  readonly code: number;

  constructor(code: number, message = "", options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function pause(context: Pick<LabctlContext, "signal" | "secondMs">, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      context.signal.removeEventListener("abort", done);
      if (context.signal.aborted) reject(new Exit(1, "Context canceled"));
      else resolve();
    };
    const timer = setTimeout(done, seconds * context.secondMs);
    context.signal.addEventListener("abort", done, { once: true });
    if (context.signal.aborted) done();
  });
}
