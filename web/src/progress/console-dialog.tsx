import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLayoutEffect, useRef } from "react";
import { Dialog } from "../app/dialog.tsx";
import { Waiting } from "../app/frame.tsx";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { plainText } from "./plain-text.ts";

interface ConsoleDialogProps {
  playId: string;
  machine: string;
  onClose: () => void;
}

/** The serial console of a machine: what its kernel and init say, from power-on. Read-only. */
export function ConsoleDialog({ playId, machine, onClose }: ConsoleDialogProps) {
  const { data, error } = useQuery(queries.console(playId, machine));
  const box = useRef<HTMLPreElement>(null);
  const followsEnd = useRef(true);
  const text = data === undefined ? undefined : plainText(data.content);

  // New text is what moves the end.
  useLayoutEffect(() => {
    if (box.current !== null && followsEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);

  const noteScroll = () => {
    const element = box.current;
    if (element === null) return;
    followsEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 30;
  };
  return (
    <Dialog opened onClose={onClose} size="xl" title={`Serial console of ${machine}`}>
      {error !== null && <ProblemAlert error={error} />}
      {text === undefined && error === null && <Waiting />}
      {text === "" && <Text c="dimmed">The machine has printed nothing yet.</Text>}
      {text !== undefined && text !== "" && (
        <pre ref={box} className="output console" tabIndex={0} aria-label="Console output" onScroll={noteScroll}>
          {text}
        </pre>
      )}
    </Dialog>
  );
}
