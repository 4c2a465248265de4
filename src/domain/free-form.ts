/** Free-form JSON that others fill: how much of it is kept, so that nothing in it can grow, nest or name its way into trouble. */

/** How deep objects and lists may lie in each other. */
export const MAX_DEPTH = 16;
/** How much JSON text one free-form object may come to, in characters. */
export const MAX_FREE_FORM_LENGTH = 16 * 1024;

/** Names under which providers send what must leave by no route, and names that reach into objects. */
const NEVER_KEPT = /^(refresh_?token|client_?secret|code_?verifier|__proto__|constructor|prototype)$/i;

/** Decides whether a value is within the bounds. Looks no deeper than they reach. */
export function isBounded(value: unknown): boolean {
  return isShallow(value, MAX_DEPTH) && (JSON.stringify(value) ?? "").length <= MAX_FREE_FORM_LENGTH;
}

/** Copies the members that are within the bounds, one by one and all together, without the names that are never kept, at any depth. */
export function boundedMembers(members: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let left = MAX_FREE_FORM_LENGTH;
  for (const [name, value] of Object.entries(members)) {
    if (NEVER_KEPT.test(name) || !isShallow(value, MAX_DEPTH)) continue;
    const cleaned = withoutSecrets(value);
    const length = name.length + (JSON.stringify(cleaned) ?? "").length;
    if (length > left) continue;
    left -= length;
    kept[name] = cleaned;
  }
  return kept;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !NEVER_KEPT.test(name));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutSecrets(member)]));
}

/** Copies members without the texts that are not to be kept, at any depth. Members are bounded: see `boundedMembers`. */
export function withoutTexts(
  members: Record<string, unknown>,
  isRefused: (text: string) => boolean,
): Record<string, unknown> {
  const isKept = (value: unknown) => typeof value !== "string" || !isRefused(value);
  const cleaned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter(isKept).map(cleaned);
    return typeof value === "object" && value !== null ? withoutTexts({ ...value }, isRefused) : value;
  };
  const kept = Object.entries(members).filter(([, value]) => isKept(value));
  return Object.fromEntries(kept.map(([name, value]) => [name, cleaned(value)]));
}

const WRITE_ONLY = /^(next_?)?client_?secret$/i;

/** Copies a value with the mask in the place of every client secret, at any depth. */
export function masked(value: unknown, mask: string): unknown {
  if (Array.isArray(value)) return value.map((each) => masked(each, mask));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([name, each]) => [name, WRITE_ONLY.test(name) ? mask : masked(each, mask)]));
}

/**
 * Copies a value with what stood before in the place of every mask that came back. An entry of a list is known by everything else in
 * it, so that no secret moves to another entry. `onStray` hears of masks for which nothing stood there, with their paths.
 */
export function unmasked(
  value: unknown,
  before: unknown,
  mask: string,
  onStray: (path: string[]) => void,
  path: string[] = [],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const known = Array.isArray(before) ? before : [];
    return value.map((each, index) => {
      const twin = twinOf(each, index, known, mask);
      return unmasked(each, twin, mask, onStray, [...path, String(index)]);
    });
  }
  const known = (typeof before === "object" && before !== null ? before : {}) as Record<string, unknown>;
  const members = Object.entries(value).map(([name, each]) => {
    const here = [...path, name];
    if (!WRITE_ONLY.test(name)) return [name, unmasked(each, known[name], mask, onStray, here)];
    const isKnown = each === mask && Object.hasOwn(known, name);
    if (!isKnown && JSON.stringify(each)?.includes(JSON.stringify(mask))) onStray(here);
    return [name, isKnown ? known[name] : each];
  });
  return Object.fromEntries(members);
}

/** Finds the entry of a list that was shown as this one: where it stood, or the only one that looks so. */
function twinOf(shown: unknown, index: number, known: unknown[], mask: string): unknown {
  const text = JSON.stringify(shown);
  const looksSo = (entry: unknown) => JSON.stringify(masked(entry, mask)) === text;
  if (index < known.length && looksSo(known[index])) return known[index];
  const [twin, ...others] = known.filter(looksSo);
  return others.length === 0 ? twin : undefined;
}
