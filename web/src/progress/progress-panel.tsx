import { ActionIcon, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { PlayJson } from "../../../src/api/contract/plays.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { CloseIcon } from "../app/icons.tsx";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { ConsoleDialog } from "./console-dialog.tsx";
import { Elapsed } from "./elapsed.tsx";
import { MachineItem } from "./machine-item.tsx";
import { TaskItem } from "./task-item.tsx";
import "./progress.css";

interface ProgressPanelProps {
  play: PlayJson;
  state: PlayState;
  onClose: () => void;
}

/** How the start goes: machines, tasks, what went wrong. Stands beside the tabs, so that they can be used meanwhile. */
export function ProgressPanel({ play, state, onClose }: ProgressPanelProps) {
  const [consoleOf, setConsoleOf] = useState<string>();
  const version = state.tasks.reduce((sum, task) => sum + task.version, 0);
  const tasks = useQuery({
    ...queries.tasks(play.id, version),
    enabled: state.tasks.length > 0,
    refetchInterval: state.tasks.some(task => task.status === 30) ? 2000 : false,
  });
  const noticed = new Set(state.notices.map(notice => notice.message));
  const isFailed = currentState(state) === "FAILED";
  return (
    <aside id="play-progress" className="progress" aria-label="Progress">
      <div className="progress-head">
        <Title order={2} size="h5">
          Progress
        </Title>
        <Elapsed state={state} />
        <ActionIcon variant="subtle" color="gray" aria-label="Hide progress" onClick={onClose}>
          <CloseIcon />
        </ActionIcon>
      </div>
      <div className="progress-body" tabIndex={0} role="group" aria-label="Machines and tasks">
        {isFailed && state.problem !== undefined && <ProblemAlert error={state.problem} />}
        {state.notices.map(notice => (
          <Text key={notice.message} size="sm" className="progress-notice breakable">
            {notice.machine === undefined ? "" : `${notice.machine}: `}
            {notice.message}
          </Text>
        ))}
        {(play.warnings ?? [])
          .filter(warning => !noticed.has(warning.message))
          .map(warning => (
            <Text key={`${warning.path}${warning.message}`} size="sm" className="progress-notice breakable">
              {warning.message}
            </Text>
          ))}
        <Title order={3} size="h6">
          Machines
        </Title>
        <ul className="plain-list progress-list">
          {state.machines.map(machine => (
            <MachineItem
              key={machine.name}
              machine={machine}
              // The play's own problem, shown above, is usually this one.
              hideProblem={isFailed && state.problem?.where?.machine === machine.name}
              onConsole={() => setConsoleOf(machine.name)}
            />
          ))}
        </ul>
        {state.tasks.length > 0 && (
          <>
            <Title order={3} size="h6">
              Tasks
            </Title>
            <ul className="plain-list progress-list">
              {state.tasks.map(task => (
                <TaskItem
                  key={task.name}
                  playId={play.id}
                  playState={currentState(state)}
                  task={task}
                  output={tasks.data?.find(({ name }) => name === task.name)}
                />
              ))}
            </ul>
          </>
        )}
      </div>
      {consoleOf !== undefined && (
        <ConsoleDialog playId={play.id} machine={consoleOf} onClose={() => setConsoleOf(undefined)} />
      )}
    </aside>
  );
}
