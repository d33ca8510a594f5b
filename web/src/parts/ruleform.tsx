// A rule, put together field by field.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Policy, type Rule, revised } from "../api/client";
import { addressGroupsQuery, groupsQuery, networksQuery } from "../api/queries";
import { Field, Form } from "./form";

const PROTOCOLS = ["tcp", "udp", "sctp", "icmp", "icmpv6"] as const;

export function RuleForm({ policy, onDone }: { policy: Policy; onDone: (revision: number) => void }) {
  const groups = useQuery(groupsQuery(policy.project)).data ?? [];
  const networks = useQuery(networksQuery(policy.project)).data ?? [];
  const addresses = useQuery(addressGroupsQuery(policy.project)).data ?? [];
  const [direction, setDirection] = useState<Rule["direction"]>("ingress");
  const [action, setAction] = useState<Rule["action"]>("allow");
  const [peer, setPeer] = useState("");
  const [cidr, setCidr] = useState("");
  const [protocol, setProtocol] = useState("");
  const [ports, setPorts] = useState("");
  const [description, setDescription] = useState("");
  let made = 0;
  const send = async () => {
    const [kind, id] = peer.split(":");
    const answer = await revised(
      api.POST("/api/v1/policies/{reference}/rules", {
        params: { path: { reference: policy.id } },
        body: {
          rule: {
            direction,
            action,
            peer: peer === "cidr" ? { cidr } : kind === "" || kind === undefined ? {} : { [kind]: id },
            service: {
              protocol: protocol === "" ? null : (protocol as (typeof PROTOCOLS)[number]),
              ports: ports
                .split(",")
                .map((one) => one.trim())
                .filter((one) => one !== ""),
            },
            stateful: true,
            log: false,
            description,
          },
        },
      }),
    );
    made = answer.revision;
  };
  return (
    <Form action="Add the rule" send={send} onDone={() => onDone(made)}>
      {(problem) => (
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
                value={direction}
                onChange={(event) => setDirection(event.target.value as Rule["direction"])}
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
                value={action}
                onChange={(event) => setAction(event.target.value as Rule["action"])}
              >
                <option value="allow">allow</option>
                <option value="drop">drop</option>
                <option value="reject">reject: tell the sender</option>
              </select>
            )}
          </Field>
          <Field label={direction === "ingress" ? "From" : "To"} name="rule.peer" problem={problem}>
            {(attributes) => (
              <select {...attributes} value={peer} onChange={(event) => setPeer(event.target.value)}>
                <option value="">anyone</option>
                <option value="cidr">a prefix</option>
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
                {addresses.map((one) => (
                  <option key={one.id} value={`address_group:${one.id}`}>
                    address group {one.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {peer === "cidr" && (
            <Field label="Prefix" name="rule.peer.cidr" problem={problem} hint="Like 10.0.0.0/8">
              {(attributes) => (
                <input {...attributes} value={cidr} onChange={(event) => setCidr(event.target.value)} />
              )}
            </Field>
          )}
          <Field label="Service" name="rule.service" problem={problem}>
            {(attributes) => (
              <select {...attributes} value={protocol} onChange={(event) => setProtocol(event.target.value)}>
                <option value="">any traffic</option>
                {PROTOCOLS.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            )}
          </Field>
          {["tcp", "udp", "sctp"].includes(protocol) && (
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
                value={description}
                onChange={(event) => setDescription(event.target.value)}
              />
            )}
          </Field>
        </div>
      )}
    </Form>
  );
}
