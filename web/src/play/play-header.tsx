import { Anchor, Button, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { PlayJson } from "../../../src/api/contract/plays.ts";
import { whyNotAllowed } from "../../../src/api/play-actions.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { paths } from "../app/paths.ts";
import { queries } from "../app/queries.ts";
import { useNow } from "../app/use-now.ts";
import { remainingWords } from "./duration-words.ts";
import { PlayActions } from "./play-actions.tsx";
import { StateChip } from "./state-chip.tsx";
import { progressWord } from "./state-words.ts";

interface PlayHeaderProps {
  play: PlayJson;
  state: PlayState;
  showProgress: boolean;
  onShowProgress: (show: boolean) => void;
}

export function PlayHeader({ play, state, showProgress, onShowProgress }: PlayHeaderProps) {
  return (
    <div className="play-header">
      <div className="play-title">
        <Title order={1} size="h4" className="breakable">
          {play.title || play.playground.title || play.playground.name}
        </Title>
        <StateChip {...progressWord(state)} />
        {whyNotAllowed("stop", currentState(state)) === undefined && <RemainingTime play={play} />}
        <Anchor component={Link} to={paths.playground(play.playground.name)} size="sm">
          About
        </Anchor>
      </div>
      <div className="play-buttons">
        <Button
          variant="default"
          size="xs"
          aria-expanded={showProgress}
          aria-controls="play-progress"
          onClick={() => onShowProgress(!showProgress)}
        >
          {showProgress ? "Hide progress" : "Show progress"}
        </Button>
        <PlayActions playId={play.id} state={currentState(state)} />
      </div>
    </div>
  );
}

/** Until the play is stopped, as far as the last answer of the server tells. */
function RemainingTime({ play }: { play: PlayJson }) {
  const { dataUpdatedAt } = useQuery({ ...queries.play(play.id), enabled: false });
  const endsAt = dataUpdatedAt + play.expiresIn;
  const now = useNow(endsAt - Date.now() < 6 * 60_000 ? 1000 : 15_000);
  const isNear = endsAt - now < 10 * 60_000;
  return (
    <Text size="sm" c={isNear ? "var(--tone-bad)" : "dimmed"} title={`Stops at ${new Date(endsAt).toLocaleString()}`}>
      {remainingWords(Math.max(0, endsAt - now))} left
    </Text>
  );
}
