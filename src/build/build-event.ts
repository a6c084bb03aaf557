/** What a build is doing; whoever shows it decides what of it. */
export type BuildEvent =
  | { kind: "step"; message: string }
  | { kind: "detail"; message: string }
  | { kind: "warning"; message: string }
  /** What a command of the script printed. */
  | { kind: "output"; stream: "stdout" | "stderr"; bytes: Buffer };

export type OnBuildEvent = (event: BuildEvent) => void;
