import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { Link } from "wouter";
import { api, type Network } from "../api/client";
import { networksQuery, portsQuery, qosQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { ChoiceField, Dialog, numberIn, TextField } from "../parts/form";
import { Icon } from "../parts/icons";
import { describing, Table } from "../parts/table";
import { PlannedDeletion, PlannedForm, type Send } from "../plans/planned";
import { SubnetsDialog } from "./subnets";

const DEFAULTS = [
  ["allow", "allow"],
  ["same-network", "same-network"],
  ["drop", "drop"],
] as const;

/** The networks, with what their ports may do when no rule says otherwise. */
export default function NetworksPage() {
  const project = useProject();
  const networks = useQuery(networksQuery(project)).data ?? [];
  const ports = useQuery(portsQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [editing, setEditing] = useState<Network | "new" | null>(null);
  const [leaving, setLeaving] = useState<Network | null>(null);
  const [subnetsOf, setSubnetsOf] = useState<string | null>(null);
  const opened = networks.find((one) => one.id === subnetsOf);
  const columns: ColumnDef<Network>[] = [
    {
      header: "Network",
      accessorKey: "name",
      cell: ({ row: { original: one } }) => (
        <Link href={`/endpoints?project=${one.project}&q=network:${one.name}`}>{one.name}</Link>
      ),
    },
    { header: "Subnets", accessorFn: (one) => one.subnets.map((subnet) => subnet.cidr).join(", ") },
    { header: "Project", accessorKey: "project" },
    { header: "Endpoints", accessorFn: (one) => ports.filter((port) => port.network_id === one.id).length },
    { header: "Default in", accessorKey: "default_ingress" },
    { header: "Default out", accessorKey: "default_egress" },
    describing,
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) =>
        mayChange && (
          <span className="buttons">
            <button type="button" onClick={() => setEditing(one)}>
              Change<span className="hidden"> {one.name}</span>
            </button>
            <button type="button" onClick={() => setSubnetsOf(one.id)}>
              Subnets<span className="hidden"> of {one.name}</span>
            </button>
            <button type="button" onClick={() => setLeaving(one)}>
              Delete<span className="hidden"> {one.name}</span>
            </button>
          </span>
        ),
    },
  ];
  return (
    <>
      <h1>Networks</h1>
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> New network
          </button>
        </p>
      )}
      <Table
        caption="Networks"
        rows={networks}
        columns={columns}
        empty={
          <>
            <p>There is no network yet. Make one here, or on the command line:</p>
            <pre>weft network create DockerSN --subnet 192.168.200.0/24</pre>
          </>
        }
      />
      {editing !== null && (
        <NetworkDialog
          network={editing === "new" ? null : editing}
          project={project}
          onClose={() => setEditing(null)}
        />
      )}
      {opened !== undefined && <SubnetsDialog network={opened} onClose={() => setSubnetsOf(null)} />}
      {leaving !== null && (
        <PlannedDeletion
          what={`network ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={(headers) =>
            api.DELETE("/api/v1/networks/{reference}", {
              params: { path: { reference: leaving.id } },
              headers,
            })
          }
        />
      )}
    </>
  );
}

interface NetworkDialogProps {
  network: Network | null;
  project: string | undefined;
  onClose: () => void;
}

function NetworkDialog({ network, project, onClose }: NetworkDialogProps) {
  const qos = useQuery(qosQuery(network?.project ?? project)).data ?? [];
  const [name, setName] = useState(network?.name ?? "");
  const [cidr, setCidr] = useState("");
  const [description, setDescription] = useState(network?.description ?? "");
  const [mtu, setMtu] = useState(network?.mtu?.toString() ?? "");
  const [ingress, setIngress] = useState<Network["default_ingress"]>(
    network?.default_ingress ?? "same-network",
  );
  const [egress, setEgress] = useState<Network["default_egress"]>(network?.default_egress ?? "allow");
  const [limit, setLimit] = useState(network?.qos_policy_id ?? "");
  const send: Send = async (headers) => {
    const said = {
      ...{ name, description, default_ingress: ingress, default_egress: egress },
      ...{ mtu: mtu.trim() === "" ? null : numberIn("mtu", mtu), qos_policy: limit === "" ? null : limit },
    };
    if (network === null) {
      const subnets = cidr === "" ? [] : [{ cidr }];
      return api.POST("/api/v1/networks", { body: { ...said, project, subnets }, headers });
    }
    return api.PATCH("/api/v1/networks/{reference}", {
      params: { path: { reference: network.id }, header: { "if-match": `"${network.revision}"` } },
      body: said,
      headers,
    });
  };
  return (
    <Dialog title={network === null ? "New network" : `Change network ${network.name}`} onClose={onClose}>
      <PlannedForm action={network === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField
              label="Name"
              name="name"
              problem={problem}
              hint="As in docker run --net NAME"
              value={name}
              onChange={setName}
            />
            {network === null && (
              <TextField
                label="Subnet"
                name="subnets"
                problem={problem}
                hint="A prefix, like 192.168.200.0/24"
                value={cidr}
                onChange={setCidr}
              />
            )}
            <TextField
              label="Description"
              name="description"
              problem={problem}
              value={description}
              onChange={setDescription}
            />
            <ChoiceField
              label="If no rule matches: what may reach its endpoints"
              name="default_ingress"
              problem={problem}
              value={ingress}
              onChange={(value) => setIngress(value as typeof ingress)}
              options={DEFAULTS}
            />
            <ChoiceField
              label="If no rule matches: what they may reach"
              name="default_egress"
              problem={problem}
              value={egress}
              onChange={(value) => setEgress(value as typeof egress)}
              options={DEFAULTS}
            />
            <ChoiceField
              label="QoS policy of its endpoints"
              name="qos_policy"
              problem={problem}
              value={limit}
              onChange={setLimit}
              options={[["", "none"], ...qos.map((one) => [one.id, one.name] as const)]}
            />
            <TextField
              label="MTU"
              name="mtu"
              problem={problem}
              hint="Empty is what the underlay leaves"
              value={mtu}
              onChange={setMtu}
            />
          </>
        )}
      </PlannedForm>
    </Dialog>
  );
}
