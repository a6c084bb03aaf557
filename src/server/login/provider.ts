/** What a provider vouches for. Nothing in here is believed that it has not verified itself. */
export interface VerifiedIdentity {
  issuer: string;
  /** The provider's unchanging id of the person; names and addresses change hands. */
  subject: string;
  /** For people to recognise it: an address or handle. */
  label: string;
  /** What a new account could be called. */
  suggestedName: string;
  /** Only when the provider has verified it. */
  email?: string;
  /** Only from GitHub itself. */
  githubHandle?: string;
}

/** The secrets of one login, made by us and known to this browser alone. */
export interface LoginChecks {
  state: string;
  nonce: string;
  codeVerifier: string;
}

/** Somebody else who knows who people are. */
export interface LoginProvider {
  name: string;
  label: string;
  issuer: string;
  /** Where to send the browser. Rejects with `server/login-provider-failed` when the provider cannot be asked. */
  authorizationUrl(redirectUri: string, checks: LoginChecks): Promise<URL>;
  /** Who came back with this address. Rejects with `server/login-provider-failed` unless everything is in order. */
  identity(callbackUrl: URL, redirectUri: string, checks: LoginChecks): Promise<VerifiedIdentity>;
  /** Whether somebody unknown may make themselves an account. */
  mayRegister(identity: VerifiedIdentity): boolean;
}
