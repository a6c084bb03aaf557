import { Container, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useParams } from "react-router";
import type { PlayJson } from "../../../src/api/contract/plays.ts";
import { currentState, type PlayState } from "../../../src/api/play-state.ts";
import { Waiting } from "../app/frame.tsx";
import { usePageTitle } from "../app/page-title.ts";
import { queries, queryClient } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { ProgressPanel } from "../progress/progress-panel.tsx";
import { Announcer } from "./announcer.tsx";
import { PlayHeader } from "./play-header.tsx";
import { PlayTabs } from "./play-tabs.tsx";
import { isWorthShowing } from "./state-words.ts";
import { usePlayState } from "./use-play-state.ts";
import "./play-page.css";

/** A running play: its tabs, and beside them how its start goes. */
export function PlayPage() {
  const { id = "" } = useParams();
  const play = useQuery(queries.play(id));
  const { state, error } = usePlayState(id);
  usePageTitle(play.data?.title || "Play");
  const failure = error ?? play.error;
  if (play.data !== undefined && state !== undefined) return <Play key={id} play={play.data} state={state} />;
  if (failure === null || failure === undefined) return <Waiting />;
  return (
    <Container size="sm" py="xl">
      <Title order={1} size="h2" mb="md">
        This play cannot be shown
      </Title>
      <ProblemAlert error={failure} onRetry={() => location.reload()} />
    </Container>
  );
}

function Play({ play, state }: { play: PlayJson; state: PlayState }) {
  const name = currentState(state);
  // Undefined: shown while there is something to see, until someone decides otherwise.
  const [chosen, setChosen] = useState<boolean>();
  const showProgress = chosen ?? isWorthShowing(state);

  useEffect(() => {
    // Expiry, ports and title are not part of the stream.
    void queryClient.invalidateQueries({ queryKey: queries.play(play.id).queryKey });
    void queryClient.invalidateQueries({ queryKey: queries.plays().queryKey });
  }, [name, play.id]);

  return (
    <div className="play">
      <Announcer state={state} />
      <PlayHeader play={play} state={state} showProgress={showProgress} onShowProgress={setChosen} />
      <div className="play-body">
        <PlayTabs play={play} state={state} />
        {showProgress && <ProgressPanel play={play} state={state} onClose={() => setChosen(false)} />}
      </div>
    </div>
  );
}
