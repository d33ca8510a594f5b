// When a rule ends: the API's times are in UTC, a person types in the time of the place. Pure but for that place.

/** What a field of type datetime-local shows of a time of the API's. */
export function typed(expires: string | null): string {
  if (expires === null) return "";
  const at = new Date(expires);
  const there = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return there.toISOString().slice(0, 16);
}

/** The time that was typed, as the API reads it; null for none. */
export function meant(text: string): string | null {
  return text === "" ? null : new Date(text).toISOString();
}
