// Rules in words.

import { useQuery } from "@tanstack/react-query";
import type { QosPolicy, Rule } from "../api/client";
import { addressGroupsQuery, groupsQuery, networksQuery } from "../api/queries";

/** tcp/80,443 and the like, as the command line writes it. */
export function serviceWords(service: Rule["service"]): string {
  if (service.protocol === null) return "any traffic";
  if (service.icmp_type !== null) {
    const code = service.icmp_code === null ? "" : ` code ${service.icmp_code}`;
    return `${service.protocol} type ${service.icmp_type}${code}`;
  }
  return service.ports.length === 0 ? service.protocol : `${service.protocol}/${service.ports.join(",")}`;
}

/** Names for what rules can mean, from ids. */
export function usePeerNames(project: string | undefined): (peer: Rule["peer"]) => string {
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const networks = useQuery(networksQuery(project)).data ?? [];
  const addresses = useQuery(addressGroupsQuery(project)).data ?? [];
  const named = new Map([...groups, ...networks, ...addresses].map((one) => [one.id, one.name]));
  return (peer) => {
    if (peer.group) return `group ${named.get(peer.group) ?? peer.group}`;
    if (peer.network) return `network ${named.get(peer.network) ?? peer.network}`;
    if (peer.zone) return `zone ${peer.zone}`;
    if (peer.address_group) return `address group ${named.get(peer.address_group) ?? peer.address_group}`;
    return peer.cidr ?? "anyone";
  };
}

const rate = (kbps: number) => (kbps >= 1000 ? `${kbps / 1000} Mbit/s` : `${kbps} kbit/s`);

export function QosWords({ policy }: { policy: QosPolicy }) {
  const parts = [
    policy.egress && `sends at most ${rate(policy.egress.rate_kbps)}`,
    policy.ingress && `receives at most ${rate(policy.ingress.rate_kbps)}`,
    policy.dscp !== null && `marked DSCP ${policy.dscp}`,
  ].filter(Boolean);
  return <>{parts.join(", ") || "nothing"}</>;
}
