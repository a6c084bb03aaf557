import { Button, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import { conditionFaults } from "../problem/describe.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { useStart } from "./use-start.ts";

type Condition = NonNullable<NonNullable<PlaygroundJson["initConditions"]>["values"]>[number];

/** Asks for the init conditions, if there are any, and starts. The server judges; the browser only hints. */
export function StartForm({ playground }: { playground: PlaygroundJson }) {
  const conditions = playground.initConditions?.values ?? [];
  const [values, setValues] = useState(() => Object.fromEntries(conditions.map(c => [c.key, c.default])));
  const start = useStart(playground.name);
  const faults = conditionFaults(start.error);
  const isExplained = Object.keys(faults).some(key => conditions.some(condition => condition.key === key));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate(values);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {conditions.map(condition => (
          <ConditionField
            key={condition.key}
            condition={condition}
            value={values[condition.key] ?? ""}
            fault={faults[condition.key]}
            onChange={value => setValues(before => ({ ...before, [condition.key]: value }))}
          />
        ))}
        {start.error !== null && !isExplained && <ProblemAlert error={start.error} />}
        {playground.userAccess.canStart ? (
          <Button type="submit" loading={start.isPending}>
            Start
          </Button>
        ) : (
          <Text c="dimmed">Its owner has not allowed you to start this playground.</Text>
        )}
      </Stack>
    </form>
  );
}

interface ConditionFieldProps {
  condition: Condition;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}

function ConditionField({ condition, value, fault, onChange }: ConditionFieldProps) {
  const { key, options = [], nullable = false, placeholder, validationRegex } = condition;
  const common = { label: key, value, error: fault, withAsterisk: !nullable, required: !nullable };
  if (options.length > 0) {
    const mayBeEmpty = nullable || value === "";
    return (
      <NativeSelect
        {...common}
        data={[...(mayBeEmpty ? [{ value: "", label: nullable ? "(none)" : "Choose…" }] : []), ...options]}
        onChange={event => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...common}
      placeholder={placeholder ?? ""}
      // Shown, not run: an author's expression may take a browser exponential time.
      description={validationRegex === undefined ? undefined : `Expected: ${validationRegex}`}
      maxLength={1024}
      onChange={event => onChange(event.currentTarget.value)}
    />
  );
}
