import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import type { Host, Port } from "../../api/client";
import { hostsQuery, portsQuery } from "../../api/queries";
import { Icon } from "../../parts/icons";
import { describing, Table } from "../../parts/table";
import { Alive, HealthBadge } from "./badges";
import { healthOf, healthWords } from "./health";
import { HostView } from "./host";
import { JoinDialog } from "./join";

/** The hosts whose agents plug workloads, how they are, and the command with which another one joins. */
export default function HostsPage({ name }: { name: string | undefined }) {
  const found = useQuery({ ...hostsQuery, refetchInterval: 5000 });
  const hosts = found.data ?? [];
  const ports = useQuery(portsQuery()).data;
  const on = useMemo(() => Map.groupBy(ports ?? [], (port: Port) => port.host ?? ""), [ports]);
  const [joining, setJoining] = useState(false);
  if (name !== undefined) {
    const host = hosts.find((one) => one.name === name);
    if (host !== undefined) return <HostView host={host} ports={on.get(name) ?? []} />;
    return <h1>{found.isPending ? "One moment…" : `There is no host ${name}`}</h1>;
  }
  const columns: ColumnDef<Host>[] = [
    {
      header: "Host",
      accessorKey: "name",
      cell: ({ row: { original: host } }) => <Link href={`/hosts/${host.name}`}>{host.name}</Link>,
    },
    {
      header: "State",
      accessorFn: (host) => (host.status.alive ? "up" : "down"),
      cell: ({ row }) => <Alive host={row.original} />,
    },
    {
      header: "Health",
      accessorFn: (host) => healthWords(healthOf(host)),
      cell: ({ row }) => <HealthBadge host={row.original} />,
    },
    {
      header: "Endpoints",
      accessorFn: (host) => on.get(host.name)?.length ?? 0,
      cell: ({ row: { original: host } }) => (
        <Link href={`/endpoints?q=host:${host.name}`}>{on.get(host.name)?.length ?? 0}</Link>
      ),
    },
    { header: "Serves", accessorFn: (host) => host.projects.join(", ") },
    { header: "Datapath", accessorFn: (host) => host.status.datapath },
    { header: "Agent", accessorFn: (host) => host.status.agent_version },
    describing,
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
      {joining && <JoinDialog known={null} onClose={() => setJoining(false)} />}
    </>
  );
}
