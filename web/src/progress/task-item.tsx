import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { TaskDetails } from "../../../src/api/contract/tasks.ts";
import { whyNotAllowed } from "../../../src/api/play-actions.ts";
import type { PlayStateName, TaskState } from "../../../src/api/play-state.ts";
import { labyard } from "../app/labyard.ts";
import { spanWords } from "../play/duration-words.ts";
import { StateChip } from "../play/state-chip.tsx";
import { isFailed, taskWord } from "../play/state-words.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { plainText } from "./plain-text.ts";

interface TaskItemProps {
  playId: string;
  playState: PlayStateName;
  task: TaskState;
  /** Absent until it has been fetched. */
  output: TaskDetails | undefined;
}

/** One init task. A failed one shows its output unasked, and what can be done about it. */
export function TaskItem({ playId, playState, task, output }: TaskItemProps) {
  const [chosen, setChosen] = useState<boolean>();
  const failed = isFailed(task);
  const hasBegun = task.status >= 30;
  const open = hasBegun && (chosen ?? failed);
  const outputId = `output-of-${task.name}`;
  const details = [
    `on ${task.machine}`,
    task.lastDurationMs === undefined ? "" : spanWords(task.lastDurationMs),
    task.status === 20 && task.needs.length > 0 ? `after ${task.needs.join(", ")}` : "",
  ];
  return (
    <li className="progress-item">
      <div className="progress-row">
        <span className="progress-name breakable">{task.name}</span>
        <StateChip {...taskWord(task)} />
        {hasBegun && (
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={open}
            aria-controls={outputId}
            aria-label={`Output of ${task.name}`}
            onClick={() => setChosen(!open)}
          >
            Output
          </Button>
        )}
      </div>
      <span className="progress-small breakable">{details.filter(Boolean).join(" · ")}</span>
      {failed && <span className="progress-small breakable">{whyFailed(task)}</span>}
      {failed && <Remedies playId={playId} playState={playState} task={task} />}
      <div id={outputId} hidden={!open}>
        {open && <Output task={task} output={output} />}
      </div>
    </li>
  );
}

function whyFailed({ message, exitCode }: TaskState): string {
  const code = exitCode === undefined ? "" : `Exit code ${exitCode}.`;
  return [message, code].filter(Boolean).join(" ") || "It failed.";
}

function Output({ task, output }: { task: TaskState; output: TaskDetails | undefined }) {
  if (output === undefined) return <span className="progress-small">Fetching the output…</span>;
  const streams = [
    { name: "stdout", text: plainText(output.stdout) },
    { name: "stderr", text: plainText(output.stderr) },
  ].filter(({ text }) => text !== "");
  if (streams.length === 0) return <span className="progress-small">It has printed nothing.</span>;
  return streams.map(({ name, text }) => (
    <div key={name}>
      <span className="progress-small">{name}</span>
      <pre className="output" tabIndex={0} aria-label={`${name} of ${task.name}`}>
        {text}
      </pre>
    </div>
  ));
}

function Remedies({ playId, playState, task }: Omit<TaskItemProps, "output">) {
  const act = useMutation({
    mutationFn: (verb: "retry" | "skip") =>
      verb === "retry" ? labyard.retryTask(playId, task.name) : labyard.skipTask(playId, task.name),
  });
  const why = whyNotAllowed("use", playState);
  if (why !== undefined) return <span className="progress-small">It cannot be retried now: {why}.</span>;
  return (
    <>
      <div className="progress-buttons">
        <Button
          size="compact-sm"
          loading={act.isPending && act.variables === "retry"}
          onClick={() => act.mutate("retry")}
          aria-label={`Retry ${task.name}`}
        >
          Retry
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          loading={act.isPending && act.variables === "skip"}
          onClick={() => act.mutate("skip")}
          aria-label={`Skip ${task.name} and go on with the tasks that need it`}
        >
          Skip
        </Button>
      </div>
      {act.error !== null && <ProblemAlert error={act.error} />}
    </>
  );
}
