import { Anchor, Button, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { PlayJson } from "../../../src/api/contract/plays.ts";
import type { PlayStateName } from "../../../src/api/play-state.ts";
import { paths } from "../app/paths.ts";
import { remainingWords } from "../play/duration-words.ts";
import { StateChip } from "../play/state-chip.tsx";
import { playWord } from "../play/state-words.ts";
import "./play-list.css";

const shownAtFirst = 8;

/** Plays of this person, newest first; destroyed ones are history and stay out. */
export function PlayList({ plays }: { plays: PlayJson[] }) {
  const [all, setAll] = useState(false);
  const present = plays
    .filter(play => stateOf(play) !== "DESTROYED")
    .toSorted((a, b) => Number(b.active) - Number(a.active) || b.createdAt.localeCompare(a.createdAt));
  if (present.length === 0) return <Text c="dimmed">Nothing runs. Start one of the playgrounds below.</Text>;
  const shown = all ? present : present.slice(0, shownAtFirst);
  return (
    <Stack gap="xs">
      <Paper withBorder component="ul" className="plain-list play-list">
        {shown.map(play => (
          <li key={play.id} className="play-row">
            <Anchor component={Link} to={paths.play(play.id)} fw={600} className="breakable play-row-title">
              {play.title || play.playground.title || play.playground.name}
            </Anchor>
            <StateChip {...playWord(stateOf(play))} />
            <Text size="sm" c="dimmed" className="play-row-time">
              {play.active && stateOf(play) !== "FAILED"
                ? `${remainingWords(play.expiresIn)} left`
                : `since ${shortTime(play.lastStateAt)}`}
            </Text>
          </li>
        ))}
      </Paper>
      {present.length > shown.length && (
        <Button variant="default" size="xs" onClick={() => setAll(true)} maw={240}>
          Show all {present.length}
        </Button>
      )}
    </Stack>
  );
}

const stateOf = (play: PlayJson): PlayStateName => play.status.stateEvents.at(-1)?.state ?? "CREATED";

function shortTime(at: string): string {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString();
}
