import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { MoonIcon, SunIcon } from "./icons.tsx";

/** Follows the system until it is used; choosing what the system has goes back to following it. */
export function ColorSchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = shown === "dark" ? "light" : "dark";
  const label = `Switch to ${other} colors`;
  const toggle = () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    setColorScheme(system === other ? "auto" : other);
  };
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size="lg" aria-label={label} onClick={toggle}>
        {shown === "dark" ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  );
}
