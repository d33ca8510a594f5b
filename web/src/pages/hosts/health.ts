// What a host's agent says of its health. Heartbeats are as old or as new as the agent: nothing in them is taken for granted.

import type { Host } from "../../api/client";

export const SEVERITIES = ["error", "warning", "note"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  severity: Severity;
  check: string;
  says: string;
  cure: string;
}

export interface Health {
  /** When the agent looked; null where it never said. */
  at: string | null;
  findings: Finding[];
  counts: Record<Severity, number>;
}

/** The health of a host as its agent told it last, the worst first. */
export function healthOf(host: Host): Health {
  const report = record(host.status.details.health);
  const told = Array.isArray(report.findings) ? report.findings.map(record) : [];
  const findings = told.flatMap((one) => {
    const severity = SEVERITIES.find((known) => known === one.severity);
    if (severity === undefined) return [];
    return [{ severity, check: text(one.check), says: text(one.says), cure: text(one.cure) }];
  });
  const counts = record(report.counts);
  const count = (severity: Severity) => {
    const said = counts[severity];
    return typeof said === "number" ? said : findings.filter((one) => one.severity === severity).length;
  };
  findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  return {
    at: typeof report.at === "string" ? report.at : null,
    findings,
    counts: { error: count("error"), warning: count("warning"), note: count("note") },
  };
}

/** As in: 1 error, 2 warnings. */
export function healthWords({ at, counts }: Health): string {
  if (at === null) return "not told";
  const parts = SEVERITIES.filter((severity) => severity !== "note" && counts[severity] > 0).map(
    (severity) => `${counts[severity]} ${severity}${counts[severity] === 1 ? "" : "s"}`,
  );
  return parts.join(", ") || "well";
}

/** The colour that goes with the words: that of a port's state. */
export function healthState({ at, counts }: Health): string {
  if (at === null) return "down";
  if (counts.error > 0) return "failed";
  return counts.warning > 0 ? "pending" : "up";
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
