import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Invariant } from "../api/client";
import { groupsQuery, invariantsQuery, networksQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { ChoiceField, Dialog, Form, TextField } from "../parts/form";
import { Listing } from "../parts/listing";
import { serviceWords } from "../parts/rules";
import { describing } from "../parts/table";

const PROMISES = [
  ["never", "is never open"],
  ["always", "is always open"],
] as const;
const PROTOCOLS = ["", "tcp", "udp", "sctp", "icmp", "icmpv6"] as const;

/** What no change of policy may break, and whether it holds. */
export default function InvariantsPage() {
  const project = useProject();
  const invariants = useQuery(invariantsQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  return (
    <Listing<Invariant>
      title="Invariants"
      noun="invariant"
      intro="What must stay so, whatever else changes: a change of policy that breaks one is refused."
      rows={invariants}
      nameOf={(one) => one.name}
      mayChange={mayChange}
      changeable={false}
      deletion={{ verb: "Delete", warning: "From then on nothing keeps changes from breaking it." }}
      columns={[
        { header: "Invariant", accessorKey: "name" },
        { header: "Says", accessorFn: says },
        {
          header: "Holds",
          accessorFn: (one) => (one.holds ? "holds" : "broken"),
          cell: ({ row: { original: one } }) => (
            <>
              <span className={`state ${one.holds ? "up" : "failed"}`}>{one.holds ? "holds" : "broken"}</span>
              {one.breach && <span className="bad wrap"> {one.breach.sentence}</span>}
            </>
          ),
        },
        { header: "Project", accessorKey: "project" },
        describing,
      ]}
      empty={
        <>
          <p>There is no invariant yet. For example, that development never reaches what is in scope:</p>
          <pre>weft invariant create pci never --from group:dev --to group:pci</pre>
        </>
      }
      dialog={(_, onClose) => <InvariantDialog project={project} onClose={onClose} />}
      remove={(one) =>
        api.DELETE("/api/v1/invariants/{reference}", { params: { path: { reference: one.id } } })
      }
    />
  );
}

/** As in: group:dev never reaches group:pci on tcp/443. */
function says({ source, destination, promise, service }: Invariant): string {
  return `${source.text} ${promise} reaches ${destination.text} on ${serviceWords(service)}`;
}

function InvariantDialog({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const networks = useQuery(networksQuery(project)).data ?? [];
  const [name, setName] = useState("");
  const [promise, setPromise] = useState<Invariant["promise"]>("never");
  const [source, setSource] = useState("");
  const [destination, setDestination] = useState("");
  const [protocol, setProtocol] = useState<(typeof PROTOCOLS)[number]>("");
  const [ports, setPorts] = useState("");
  const ends = [
    ["", "every endpoint of the project"],
    ...groups.map((one) => [`group:${one.id}`, `group ${one.name}`] as const),
    ...networks.map((one) => [`network:${one.id}`, `network ${one.name}`] as const),
  ] as const;
  const ported = ["tcp", "udp", "sctp"].includes(protocol);
  const send = async () => {
    const service = {
      protocol: protocol === "" ? null : protocol,
      ports: ported ? ports.split(/[\s,]+/).filter((one) => one !== "") : [],
    };
    await api.POST("/api/v1/invariants", {
      body: { project, name, promise, source: end(source), destination: end(destination), service },
    });
  };
  return (
    <Dialog title="New invariant" onClose={onClose}>
      <Form action="Create" onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField label="Name" name="name" problem={problem} value={name} onChange={setName} />
            <ChoiceField
              label="From"
              name="source"
              problem={problem}
              value={source}
              onChange={setSource}
              options={ends}
            />
            <ChoiceField
              label="To"
              name="destination"
              problem={problem}
              value={destination}
              onChange={setDestination}
              options={ends}
            />
            <ChoiceField
              label="Service"
              name="service.protocol"
              problem={problem}
              value={protocol}
              onChange={(value) => setProtocol(PROTOCOLS.find((one) => one === value) ?? "")}
              options={PROTOCOLS.map((one) => [one, one === "" ? "any traffic" : one] as const)}
            />
            {ported && (
              <TextField
                label="Ports"
                name="service.ports"
                problem={problem}
                hint="Like 80,443,8000-8080; empty is all"
                value={ports}
                onChange={setPorts}
              />
            )}
            <ChoiceField
              label="Promise"
              name="promise"
              problem={problem}
              value={promise}
              onChange={(value) => setPromise(value === "always" ? "always" : "never")}
              options={PROMISES}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

function end(key: string): { group?: string; network?: string } {
  const [kind, id] = key.split(":");
  return kind === "group" || kind === "network" ? { [kind]: id } : {};
}
