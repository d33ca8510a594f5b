// A rule, put together field by field; the server reads it before it joins the draft.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, type Rule } from "../../api/client";
import { addressGroupsQuery, groupsQuery, networksQuery } from "../../api/queries";
import { Field, Form } from "../../parts/form";
import { Members } from "../../parts/members";
import { atRule } from "../../plans/describe";
import type { DraftRule } from "./draft";
import { meant, typed } from "./expiry";

const PROTOCOLS = ["tcp", "udp", "sctp", "icmp", "icmpv6"] as const;
const FLAGS = [
  { flag: "stateful", label: "stateful: replies pass by themselves" },
  { flag: "log", label: "log what it meets" },
  { flag: "count", label: "count what it meets, apart from other rules" },
] as const;

const NEW: Omit<DraftRule, "id"> = {
  direction: "ingress",
  action: "allow",
  peer: {},
  service: { protocol: null, ports: [], icmp_type: null, icmp_code: null },
  stateful: true,
  log: false,
  count: false,
  description: "",
  expires: null,
};
let made = 0;

interface RuleFormProps {
  /** The rule to edit; null makes a new one. */
  rule: DraftRule | null;
  project: string;
  /** Throws the server's Problem with a rule that it would refuse. */
  check: (rule: DraftRule) => Promise<void>;
  onDone: (rule: DraftRule) => void;
}

export function RuleForm({ rule: before, project, check, onDone }: RuleFormProps) {
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const networks = useQuery(networksQuery(project)).data ?? [];
  const addresses = useQuery(addressGroupsQuery(project)).data ?? [];
  const named = [...networks.map((one) => one.zone), before?.peer.zone];
  const zones = [...new Set(named.filter((one) => typeof one === "string"))].sort();
  const [rule, setRule] = useState<DraftRule>(() => before ?? { ...NEW, id: `new-${++made}` });
  const [ports, setPorts] = useState(rule.service.ports.join(","));
  const change = (changes: Partial<DraftRule>) => setRule((old) => ({ ...old, ...changes }));
  const said = (): DraftRule => ({
    ...rule,
    service: {
      ...rule.service,
      ports: ["tcp", "udp", "sctp"].includes(rule.service.protocol ?? "") ? listed(ports) : [],
    },
  });
  const send = async () => {
    try {
      await check(said());
    } catch (error) {
      throw error instanceof Problem ? atRule(error) : error;
    }
  };
  return (
    <Form
      action={before === null ? "Add to the draft" : "Keep in the draft"}
      send={send}
      check={send}
      onDone={() => onDone(said())}
    >
      {(problem) => (
        <>
          <div className="grid">
            <Field
              label="Direction"
              name="rule.direction"
              problem={problem}
              hint="Seen from the policy's target"
            >
              {(attributes) => (
                <select
                  {...attributes}
                  value={rule.direction}
                  onChange={(event) => change({ direction: event.target.value as Rule["direction"] })}
                >
                  <option value="ingress">ingress: what reaches it</option>
                  <option value="egress">egress: what it sends</option>
                </select>
              )}
            </Field>
            <Field label="Action" name="rule.action" problem={problem}>
              {(attributes) => (
                <select
                  {...attributes}
                  value={rule.action}
                  onChange={(event) => change({ action: event.target.value as Rule["action"] })}
                >
                  <option value="allow">allow</option>
                  <option value="drop">drop</option>
                  <option value="reject">reject: tell the sender</option>
                </select>
              )}
            </Field>
            <Field
              label={rule.direction === "ingress" ? "From" : "To"}
              name={typeof rule.peer.cidr === "string" ? "rule.peer.group" : "rule.peer"}
              problem={problem}
              hint={<Members group={groups.find((one) => one.id === rule.peer.group)} />}
            >
              {(attributes) => (
                <select
                  {...attributes}
                  value={peerKey(rule.peer)}
                  onChange={(event) => change({ peer: peerOf(event.target.value) })}
                >
                  <option value="">anyone</option>
                  <option value="cidr:">a prefix</option>
                  {groups.map((one) => (
                    <option key={one.id} value={`group:${one.id}`}>
                      group {one.name}
                    </option>
                  ))}
                  {networks.map((one) => (
                    <option key={one.id} value={`network:${one.id}`}>
                      network {one.name}
                    </option>
                  ))}
                  {zones.map((one) => (
                    <option key={one} value={`zone:${one}`}>
                      zone {one}
                    </option>
                  ))}
                  {addresses.map((one) => (
                    <option key={one.id} value={`address_group:${one.id}`}>
                      address group {one.name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {typeof rule.peer.cidr === "string" && (
              <Field label="Prefix" name="rule.peer.cidr" problem={problem} hint="Like 10.0.0.0/8">
                {(attributes) => (
                  <input
                    {...attributes}
                    value={rule.peer.cidr ?? ""}
                    onChange={(event) => change({ peer: { cidr: event.target.value } })}
                  />
                )}
              </Field>
            )}
            <Field label="Service" name="rule.service.protocol" problem={problem}>
              {(attributes) => (
                <select
                  {...attributes}
                  value={rule.service.protocol ?? ""}
                  onChange={(event) =>
                    change({
                      service: {
                        protocol: event.target.value === "" ? null : (event.target.value as "tcp"),
                        ports: [],
                        icmp_type: null,
                        icmp_code: null,
                      },
                    })
                  }
                >
                  <option value="">any traffic</option>
                  {PROTOCOLS.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              )}
            </Field>
            {["tcp", "udp", "sctp"].includes(rule.service.protocol ?? "") && (
              <Field
                label="Ports"
                name="rule.service.ports"
                problem={problem}
                hint="Like 80,443,8000-8080; empty is all"
              >
                {(attributes) => (
                  <input {...attributes} value={ports} onChange={(event) => setPorts(event.target.value)} />
                )}
              </Field>
            )}
            <Field label="Description" name="rule.description" problem={problem}>
              {(attributes) => (
                <input
                  {...attributes}
                  value={rule.description}
                  onChange={(event) => change({ description: event.target.value })}
                />
              )}
            </Field>
            <Field label="Ends" name="rule.expires" problem={problem} hint="In your time; empty is never">
              {(attributes) => (
                <input
                  {...attributes}
                  type="datetime-local"
                  value={typed(rule.expires)}
                  onChange={(event) => change({ expires: meant(event.target.value) })}
                />
              )}
            </Field>
          </div>
          <p className="flags">
            {FLAGS.map(({ flag, label }) => (
              <label key={flag}>
                <input
                  type="checkbox"
                  checked={rule[flag]}
                  onChange={(event) => change({ [flag]: event.target.checked })}
                />{" "}
                {label}
              </label>
            ))}
          </p>
        </>
      )}
    </Form>
  );
}

const listed = (ports: string) =>
  ports
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

function peerKey(peer: Rule["peer"]): string {
  if (typeof peer.cidr === "string") return "cidr:";
  for (const kind of ["group", "network", "zone", "address_group"] as const) {
    if (peer[kind]) return `${kind}:${peer[kind]}`;
  }
  return "";
}

function peerOf(key: string): Rule["peer"] {
  const [kind, id] = key.split(":");
  return kind === "" || kind === undefined ? {} : { [kind]: id };
}
