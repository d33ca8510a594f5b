import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { Link } from "wouter";
import { api, body, type Host } from "../api/client";
import { hostsQuery, portsQuery } from "../api/queries";
import { Dialog, Field, Form } from "../parts/form";
import { Icon } from "../parts/icons";
import { Table } from "../parts/table";

/** The hosts whose agents plug workloads, and the command with which another one joins. */
export default function HostsPage() {
  const hosts = useQuery({ ...hostsQuery, refetchInterval: 5000 }).data ?? [];
  const ports = useQuery(portsQuery()).data ?? [];
  const [joining, setJoining] = useState(false);
  const columns: ColumnDef<Host>[] = [
    { header: "Host", accessorKey: "name", cell: ({ row }) => <HostName host={row.original} /> },
    {
      header: "State",
      accessorFn: (host) => (host.status.alive ? "up" : "down"),
      cell: ({ row: { original: host } }) => (
        <span className={`state ${host.status.alive ? "up" : "failed"}`}>
          {host.status.alive ? "alive" : lastSeen(host)}
        </span>
      ),
    },
    { header: "Endpoints", accessorFn: (host) => ports.filter((port) => port.host === host.name).length },
    { header: "Serves", accessorFn: (host) => host.projects.join(", ") },
    { header: "Datapath", accessorFn: (host) => host.status.datapath },
    { header: "Agent", accessorFn: (host) => host.status.agent_version },
    { header: "Description", accessorKey: "description" },
  ];
  return (
    <>
      <h1>Hosts</h1>
      <p>
        <button type="button" className="primary" onClick={() => setJoining(true)}>
          <Icon name="plus" /> Let a host join
        </button>
      </p>
      <Table
        caption="Hosts"
        rows={hosts}
        columns={columns}
        empty={<p>No host has joined. Let one join: it gets a command to run there.</p>}
      />
      {joining && <JoinDialog onClose={() => setJoining(false)} />}
    </>
  );
}

function HostName({ host }: { host: Host }) {
  return <Link href={`/endpoints?q=host:${host.name}`}>{host.name}</Link>;
}

function lastSeen(host: Host): string {
  if (host.status.last_seen === null) return "never seen";
  return `last seen ${new Date(host.status.last_seen).toLocaleString()}`;
}

function JoinDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [command, setCommand] = useState<string | null>(null);
  return (
    <Dialog title="Let a host join" onClose={onClose}>
      {command === null ? (
        <Form
          action="Make a token"
          onDone={() => {}}
          send={async () => {
            const made = await body(api.POST("/api/v1/join-tokens", { body: { host: name, ttl_s: 3600 } }));
            setCommand(made.command);
          }}
        >
          {(problem) => (
            <Field label="Name of the host" name="host" problem={problem} hint="As OVN will know it">
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
          )}
        </Form>
      ) : (
        <>
          <p>Run this on the host as root, within an hour; it works once:</p>
          <pre>{command}</pre>
        </>
      )}
    </Dialog>
  );
}
