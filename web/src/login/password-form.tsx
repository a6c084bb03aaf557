import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { LoginBody } from "../../../src/api/contract/sessions.ts";

export function PasswordForm({ isWorking, onSubmit }: { isWorking: boolean; onSubmit: (body: LoginBody) => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ name: name.trim(), password });
  };
  return (
    <form onSubmit={submit} aria-label="Name and password">
      <Stack>
        <TextInput
          label="Name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide the password", tabIndex: 0 }}
        />
        <Button type="submit" loading={isWorking} disabled={name.trim() === "" || password === ""}>
          Log in
        </Button>
      </Stack>
    </form>
  );
}
