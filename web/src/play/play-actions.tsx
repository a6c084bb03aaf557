import { Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { whyNotAllowed } from "../../../src/api/play-actions.ts";
import type { PlayStateName } from "../../../src/api/play-state.ts";
import { Dialog } from "../app/dialog.tsx";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";

type Verb = "stop" | "restart" | "destroy";

const words: Record<Verb, { label: string; question: string; consequence: string; color?: string }> = {
  stop: {
    label: "Stop",
    question: "Stop this play?",
    consequence: "Its machines are shut down. Their drives are kept, and it can be restarted.",
  },
  restart: {
    label: "Restart",
    question: "Restart this play?",
    consequence: "Its machines boot again from their drives. Tasks that are done are not run again.",
  },
  destroy: {
    label: "Destroy",
    question: "Destroy this play?",
    consequence: "Its machines are switched off and their drives are removed. This cannot be undone.",
    color: "red.9",
  },
};

/** What the play as a whole can be asked for, each confirmed. What is not possible now says why. */
export function PlayActions({ playId, state }: { playId: string; state: PlayStateName }) {
  const [asked, setAsked] = useState<Verb>("stop");
  const [open, setOpen] = useState(false);
  const act = useMutation({
    mutationFn: (action: Verb) => labyard.act(playId, { action }),
    onSuccess: play => {
      setOpen(false);
      queryClient.setQueryData(queries.play(playId).queryKey, play);
    },
  });
  const ask = (verb: Verb) => {
    act.reset();
    setAsked(verb);
    setOpen(true);
  };
  const { label, question, consequence, color } = words[asked];
  return (
    <>
      {(["stop", "restart", "destroy"] as const).map(verb => (
        <ActionButton key={verb} verb={verb} why={whyNotAllowed(verb, state)} onClick={() => ask(verb)} />
      ))}
      <Dialog opened={open} onClose={() => setOpen(false)} title={question}>
        <Stack>
          <Text>{consequence}</Text>
          {act.error !== null && <ProblemAlert error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Cancel
            </Button>
            <Button data-autofocus color={color ?? "indigo"} loading={act.isPending} onClick={() => act.mutate(asked)}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

interface ActionButtonProps {
  verb: Verb;
  /** Why it is not possible now. */
  why: string | undefined;
  onClick: () => void;
}

/** Stays reachable by keyboard when it is disabled: its reason must be, too. */
function ActionButton({ verb, why, onClick }: ActionButtonProps) {
  const { label } = words[verb];
  if (why === undefined) {
    return (
      <Button variant="default" size="xs" onClick={onClick}>
        {label}
      </Button>
    );
  }
  return (
    <Tooltip label={`Not now: ${why}`} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Button
        variant="default"
        size="xs"
        data-disabled
        aria-disabled="true"
        aria-label={`${label} (not now: ${why})`}
        onClick={event => event.preventDefault()}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
