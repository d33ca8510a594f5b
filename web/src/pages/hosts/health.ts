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

/** A tunnel to another host, as the host saw it last; null is what it has not tried. */
export interface Tunnel {
  peer: string;
  address: string;
  encapsulation: string;
  error: string;
  answers: boolean | null;
  carries: boolean | null;
  silentS: number | null;
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

/** What runs there, in which version, by what it is called. */
export function versionsOf(host: Host): [name: string, version: string][] {
  const told = record(record(host.status.details.health).versions);
  return Object.entries(NAMES).flatMap(([key, name]) => {
    const version = text(told[key]);
    return version === "" ? [] : [[name, version] as [string, string]];
  });
}

const NAMES = {
  kernel: "Kernel",
  openvswitch: "Open vSwitch",
  ovn: "OVN",
  docker: "Docker",
  libvirt: "libvirt",
};

/** The tunnels that the host told of, the worst first, and how many there are in all; null where it never told. */
export function tunnelsOf(host: Host): { tunnels: Tunnel[]; inAll: number } | null {
  const report = record(host.status.details.health);
  if (!Array.isArray(report.tunnels)) return null;
  const tunnels = report.tunnels.map(record).map((one) => ({
    peer: text(one.peer),
    address: text(one.address),
    encapsulation: text(one.encapsulation),
    error: text(one.error),
    answers: typeof one.answers === "boolean" ? one.answers : null,
    carries: typeof one.carries === "boolean" ? one.carries : null,
    silentS: typeof one.silent_s === "number" ? one.silent_s : null,
  }));
  return { tunnels, inAll: Math.max(tunnels.length, Number(report.tunnels_in_all) || 0) };
}

/** How a tunnel is, in a word for the colour and in words. */
export function tunnelWords({ error, answers, carries }: Tunnel): [state: string, words: string] {
  if (error !== "") return ["failed", error];
  if (answers === false) return ["failed", "no answer"];
  if (carries === false) return ["failed", "too narrow for full packets"];
  return carries === null ? ["down", "not tried"] : ["up", "carries full packets"];
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
