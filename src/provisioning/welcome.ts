import type { UserPlan } from "../plan/plan.ts";

/** Shows the text in images whose .bashrc does not. It runs before .bashrc and deletes the file, so never twice. */
export const welcomeScript = `# Shows ~/.welcome once, in the first interactive shell.
case $- in
  *i*)
    if [ -f ~/.welcome ]; then
      if [ -x ~/.welcome ]; then ~/.welcome; else cat ~/.welcome; fi
      rm -f ~/.welcome
    fi
    ;;
esac
`;

/** What to do with a user's ~/.welcome: the mode says that it is written. */
export function welcomeAction({ welcome }: UserPlan): "keep" | "delete" | "644" | "755" {
  if (welcome === undefined) return "keep";
  if (welcome === null) return "delete";
  return welcome.startsWith("#!") ? "755" : "644";
}

/** Ends in a newline, so that the prompt does not stick to the last line. */
export function welcomeText(welcome: string): string {
  return welcome.endsWith("\n") ? welcome : `${welcome}\n`;
}
