export const logLevels = ["trace", "debug", "info", "warn", "error"] as const;

/** Given before the command, as with the tool whose scripts these are. */
export interface RootfsOptions {
  logLevel: (typeof logLevels)[number];
  execLogs: boolean;
}
