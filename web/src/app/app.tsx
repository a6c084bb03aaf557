import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { CatalogPage } from "../catalog/catalog-page.tsx";
import { Frame } from "./frame.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { queryClient } from "./queries.ts";
import { RequireLogin } from "./require-login.tsx";
import { cssVariables, theme } from "./theme.ts";

const LoginPage = lazy(async () => ({ default: (await import("../login/login-page.tsx")).LoginPage }));
const ApprovePage = lazy(async () => ({ default: (await import("../login/approve-page.tsx")).ApprovePage }));
const AccountPage = lazy(async () => ({ default: (await import("../account/account-page.tsx")).AccountPage }));
const PeoplePage = lazy(async () => ({ default: (await import("../people/people-page.tsx")).PeoplePage }));
const PlaygroundPage = lazy(async () => ({ default: (await import("../catalog/playground-page.tsx")).PlaygroundPage }));
const PlayPage = lazy(async () => ({ default: (await import("../play/play-page.tsx")).PlayPage }));

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <Routes>
            <Route element={<Frame />}>
              <Route path="/login" element={<LoginPage />} />
              <Route element={<RequireLogin />}>
                <Route index element={<CatalogPage />} />
                <Route path="/account" element={<AccountPage />} />
                <Route path="/people" element={<PeoplePage />} />
                <Route path="/login/approve" element={<ApprovePage />} />
                <Route path="/playgrounds/:name" element={<PlaygroundPage />} />
                <Route path="/plays/:id" element={<PlayPage />} />
                <Route path="*" element={<NotFoundPage />} />
              </Route>
            </Route>
          </Routes>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  );
}
