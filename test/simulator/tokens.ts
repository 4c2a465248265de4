/** Tokens that say what they are, so that whoever sees one knows at once which provider issued it, when it ends and what came before it. */

/** Names a refresh token: the family of one consent, and its number in there. */
export interface RefreshTokenName {
  family: string;
  number: number;
}

/** Makes a refresh token. */
export function refreshToken({ family, number }: RefreshTokenName): string {
  return `refresh ${family} ${number}`;
}

/** Reads a refresh token; null when it is none. */
export function parseRefreshToken(token: string): RefreshTokenName | null {
  const [kind, family, number] = token.split(" ");
  return kind === "refresh" && family !== undefined ? { family, number: Number(number) } : null;
}

/** Makes an access token. `until` is when the provider stops taking it, as far as it said; null: it did not say. */
export function accessToken(family: string, number: number, until: number | null): string {
  return `access ${family} ${number} ${until ?? "unsaid"}`;
}

/** Reads until when an access token is taken, as its provider said; null: it did not say. */
export function takenUntil(token: string): number | null {
  const until = Number(token.split(" ")[3]);
  return Number.isNaN(until) ? null : until;
}
