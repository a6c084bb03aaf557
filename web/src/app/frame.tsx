import { Center, Loader } from "@mantine/core";
import { Suspense } from "react";
import { Link, Outlet } from "react-router";
import { AccountMenu } from "./account-menu.tsx";
import { ColorSchemeToggle } from "./color-scheme-toggle.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { PageErrors } from "./page-errors.tsx";
import { paths } from "./paths.ts";

/** What surrounds every page: the way home, the account, and what is wrong with the connection. */
export function Frame() {
  return (
    <div className="frame">
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <ConnectionBanner />
      <header className="frame-header">
        <Link to={paths.catalog()} className="frame-brand">
          <img src="/icon.svg" alt="" width={26} height={26} />
          Labyard
        </Link>
        <div className="frame-spacer" />
        <ColorSchemeToggle />
        <AccountMenu />
      </header>
      <main id="main" className="frame-main" tabIndex={-1}>
        <PageErrors>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </PageErrors>
      </main>
    </div>
  );
}

export function Waiting() {
  return (
    <Center h={200}>
      <Loader aria-label="Loading" />
    </Center>
  );
}
