import { Alert, Button, Code, Container, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { labyard } from "../app/labyard.ts";
import { usePageTitle } from "../app/page-title.ts";
import { safeNext } from "../app/paths.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";

/** Trades a one-time code for a session, from the address or from the field, and goes on to where one wanted to go. */
export function LoginPage() {
  usePageTitle("Log in");
  const [search] = useSearchParams();
  const codeInUrl = search.get("code");
  const next = search.get("next");
  const [typed, setTyped] = useState("");
  const login = useMutation({
    mutationFn: (code: string) => labyard.login({ code }),
    // A full load: `next` may be an address of the server, and nothing of an earlier person stays in memory.
    onSuccess: () => location.replace(safeNext(next)),
  });
  const { mutate } = login;

  useEffect(() => {
    if (codeInUrl === null) return;
    mutate(codeInUrl);
    // The code is used up; a reload or a bookmark must not try it again.
    history.replaceState(history.state, "", next === null ? "/login" : `/login?next=${encodeURIComponent(next)}`);
  }, [codeInUrl, next, mutate]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const code = codeOf(typed);
    if (code !== "") mutate(code);
  };
  const isWorking = login.isPending || login.isSuccess;

  return (
    <Container size={480} py="xl">
      <Title order={1} size="h2" mb="md">
        Log in to Labyard
      </Title>
      <Paper withBorder p="lg">
        <Stack>
          {codeInUrl !== null && isWorking && <Alert role="status">Logging you in…</Alert>}
          {login.error !== null && <ProblemAlert error={login.error} />}
          <Text>
            Labyard has no passwords. Run this on the machine where its server runs, and open the one-time address that
            it prints:
          </Text>
          <Code block>labyard login-url</Code>
          <form onSubmit={submit}>
            <Stack>
              <TextInput
                label="Or paste the address or its code here"
                autoComplete="one-time-code"
                spellCheck={false}
                value={typed}
                onChange={event => setTyped(event.currentTarget.value)}
              />
              <Button type="submit" loading={isWorking} disabled={codeOf(typed) === ""}>
                Log in
              </Button>
            </Stack>
          </form>
        </Stack>
      </Paper>
    </Container>
  );
}

/** People paste the whole address as often as the code in it. */
function codeOf(text: string): string {
  const trimmed = text.trim();
  return (URL.canParse(trimmed) ? new URL(trimmed).searchParams.get("code") : null) ?? trimmed;
}
