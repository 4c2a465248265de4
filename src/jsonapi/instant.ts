/** Instants on the wire. */

/** Writes an instant as it stands on the wire: RFC 3339 in UTC, whole seconds. */
export function instant(milliseconds: number): string;
export function instant(milliseconds: number | null): string | null;
export function instant(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, "Z");
}
