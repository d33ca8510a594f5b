/** The tiers, in the order in which they are read. */
export const TIERS = ["admin", "project", "baseline"] as const;
