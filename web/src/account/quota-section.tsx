import { Progress, Stack, Text } from "@mantine/core";
import type { Quotas } from "../../../src/api/contract/account.ts";
import { Section } from "../app/section.tsx";

/** What one's active plays use of what they may. */
export function QuotaSection({ quotas }: { quotas: Quotas }) {
  const gibibytes = (mebibytes: number) => `${Math.round((mebibytes / 1024) * 10) / 10} GiB`;
  return (
    <Section title="Quotas" intro="What your active plays use together. A stopped play uses none of it.">
      <Usage label="Active plays" {...quotas.activePlays} words={String} />
      <Usage label="Virtual processors" {...quotas.vcpus} words={String} />
      <Usage label="Memory" {...quotas.memoryMiB} words={gibibytes} />
      <Usage label="Memory of this host, everybody's plays" {...quotas.hostMemoryMiB} words={gibibytes} />
    </Section>
  );
}

interface UsageProps {
  label: string;
  used: number;
  limit: number;
  words: (amount: number) => string;
}

function Usage({ label, used, limit, words }: UsageProps) {
  return (
    <Stack gap={4}>
      <Text size="sm">
        {label}: {words(used)} of {words(limit)}
      </Text>
      <Progress value={Math.min(100, (used / limit) * 100)} aria-label={label} />
    </Stack>
  );
}
