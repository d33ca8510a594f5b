// Whom a policy is for, as the value of a choice and in words. Pure.

import type { Group, Network } from "../../api/client";
import type { Target } from "../../plans/describe";

const NOBODY: Target = { target: null, target_network: null, target_zone: null };

/** The target as the value of a choice. */
export function written({ target, target_network, target_zone }: Target): string {
  if (target) return `group:${target}`;
  if (target_network) return `network:${target_network}`;
  return target_zone ? `zone:${target_zone}` : "";
}

/** The target that a choice's value means. */
export function read(value: string): Target {
  const [kind = "", name = ""] = value.split(":");
  if (kind === "group") return { ...NOBODY, target: name };
  if (kind === "network") return { ...NOBODY, target_network: name };
  return kind === "zone" ? { ...NOBODY, target_zone: name } : NOBODY;
}

/** The zones that there are, and the one that is the target though no network has it. */
export function zonesOf(networks: Network[], { target_zone }: Target): string[] {
  const found = new Set(networks.flatMap((one) => one.zone ?? []));
  if (target_zone) found.add(target_zone);
  return [...found].sort();
}

/** Whom it is for, in words. */
export function told(said: Target, project: string, groups: Group[], networks: Network[]): string {
  const group = groups.find((one) => one.id === said.target);
  const network = networks.find((one) => one.id === said.target_network);
  if (group)
    return `group ${group.name} (${group.members.length} ${group.members.length === 1 ? "endpoint" : "endpoints"})`;
  if (said.target_network) return `network ${network?.name ?? said.target_network}`;
  return said.target_zone ? `zone ${said.target_zone}` : `every endpoint of project ${project}`;
}
