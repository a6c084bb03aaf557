import { type CSSVariablesResolver, createTheme } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "indigo",
  colors: {
    // Slightly blue, as the surfaces in global.css.
    dark: [
      "#d6dae1",
      "#b4bac4",
      "#8b929d",
      "#5f6772",
      "#3c434d",
      "#2f353e",
      "#242931",
      "#1b1e24",
      "#14161b",
      "#0e1013",
    ],
  },
  primaryShade: { light: 7, dark: 8 },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "650" },
  respectReducedMotion: true,
});

/** The library's greys for secondary text are too faint to read (WCAG AA). */
export const cssVariables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": colors.gray?.[7] ?? "",
    "--mantine-color-placeholder": colors.gray?.[6] ?? "",
    "--mantine-color-error": colors.red?.[9] ?? "",
    "--mantine-color-anchor": colors.indigo?.[8] ?? "",
  },
  dark: {
    "--mantine-color-dimmed": colors.dark?.[1] ?? "",
    "--mantine-color-placeholder": colors.dark?.[2] ?? "",
    "--mantine-color-error": colors.red?.[4] ?? "",
    "--mantine-color-anchor": colors.indigo?.[3] ?? "",
  },
});
