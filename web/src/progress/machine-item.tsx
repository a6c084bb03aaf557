import { Button, Progress } from "@mantine/core";
import type { MachineStatus } from "../../../src/api/play-state.ts";
import { StateChip } from "../play/state-chip.tsx";
import { isReady, machineWord } from "../play/state-words.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";

interface MachineItemProps {
  machine: MachineStatus;
  hideProblem: boolean;
  onConsole: () => void;
}

export function MachineItem({ machine, hideProblem, onConsole }: MachineItemProps) {
  const { name, step, problem } = machine;
  const showStep = step !== undefined && !isReady(machine) && problem === undefined;
  return (
    <li className="progress-item">
      <div className="progress-row">
        <span className="progress-name breakable">{name}</span>
        <StateChip {...machineWord(machine)} />
        <Button size="compact-xs" variant="default" onClick={onConsole} aria-label={`Serial console of ${name}`}>
          Console
        </Button>
      </div>
      {showStep && (
        <span className="progress-small breakable">
          {step.phase}: {step.message}
          {step.progress === undefined ? "" : `, ${Math.round(step.progress * 100)} %`}
        </span>
      )}
      {showStep && step.progress !== undefined && (
        <Progress value={step.progress * 100} size="sm" aria-label={`${step.message} on ${name}`} />
      )}
      {problem !== undefined && !hideProblem && <ProblemAlert error={problem} />}
    </li>
  );
}
