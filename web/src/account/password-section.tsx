import { Alert, Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { labyard } from "../app/labyard.ts";
import { queries, queryClient } from "../app/queries.ts";
import { Section } from "../app/section.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

const nothing = { current: "", password: "", again: "" };

/** Sets or changes the password. */
export function PasswordSection({ hasPassword }: { hasPassword: boolean }) {
  const [typed, setTyped] = useState(nothing);
  const change = useMutation({
    mutationFn: () =>
      labyard.setPassword({ password: typed.password, ...(hasPassword ? { current: typed.current } : {}) }),
    onSuccess: () => {
      setTyped(nothing);
      void queryClient.invalidateQueries({ queryKey: queries.account().queryKey });
      void queryClient.invalidateQueries({ queryKey: queries.sessions().queryKey });
    },
  });
  const differs = typed.again !== "" && typed.again !== typed.password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!differs) change.mutate();
  };
  const field = (name: keyof typeof nothing) => ({
    value: typed[name],
    onChange: (event: { currentTarget: HTMLInputElement }) => {
      const { value } = event.currentTarget;
      setTyped(previous => ({ ...previous, [name]: value }));
    },
    visibilityToggleButtonProps: { "aria-label": "Show or hide what is typed", tabIndex: 0 },
  });
  return (
    <Section
      title="Password"
      intro={
        hasPassword
          ? "Changing it ends your other sessions. Tokens go on working."
          : "You have none yet. With one you can log in from anywhere, without a one-time address."
      }
    >
      <form onSubmit={submit} aria-label="Password">
        <Stack maw={420}>
          {hasPassword && (
            <PasswordInput label="Current password" autoComplete="current-password" required {...field("current")} />
          )}
          <PasswordInput
            label="New password"
            description="At least ten characters; four random words make a good one."
            autoComplete="new-password"
            required
            {...field("password")}
          />
          <PasswordInput
            label="The new password again"
            autoComplete="new-password"
            required
            error={differs ? "The two differ" : undefined}
            {...field("again")}
          />
          {change.error !== null && <ProblemAlert error={change.error} />}
          {change.isSuccess && typed.password === "" && <Alert role="status">Your password has been changed.</Alert>}
          <Button type="submit" loading={change.isPending} style={{ alignSelf: "flex-start" }}>
            {hasPassword ? "Change password" : "Set password"}
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
