import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type QosPolicy } from "../api/client";
import { networksQuery, portsQuery, qosQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { Dialog, Form, numberIn, TextField } from "../parts/form";
import { Listing } from "../parts/listing";
import { QosWords } from "../parts/rules";
import { describing } from "../parts/table";

/** Rate limits and marking, and who has them. */
export default function QosPage() {
  const project = useProject();
  const policies = useQuery(qosQuery(project)).data ?? [];
  const ports = useQuery(portsQuery(project)).data ?? [];
  const networks = useQuery(networksQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  return (
    <Listing<QosPolicy>
      title="QoS"
      noun="QoS policy"
      rows={policies}
      nameOf={(one) => one.name}
      mayChange={mayChange}
      columns={[
        { header: "QoS policy", accessorKey: "name" },
        {
          header: "Limits",
          id: "limits",
          cell: ({ row }) => (
            <span className="wrap">
              <QosWords policy={row.original} />
            </span>
          ),
        },
        {
          header: "Endpoints",
          accessorFn: (one) => ports.filter((port) => port.qos_policy_id === one.id).length,
        },
        {
          header: "Networks",
          accessorFn: (one) => networks.filter((net) => net.qos_policy_id === one.id).length,
        },
        { header: "Project", accessorKey: "project" },
        describing,
      ]}
      empty={
        <>
          <p>Nothing is limited. Make a limit and give it to an endpoint or a network:</p>
          <pre>weft qos create slow --egress 10mbit</pre>
        </>
      }
      dialog={(one, onClose) => <QosDialog known={one} project={project} onClose={onClose} />}
      remove={(one) =>
        api.DELETE("/api/v1/qos-policies/{reference}", { params: { path: { reference: one.id } } })
      }
    />
  );
}

interface DialogProps {
  known: QosPolicy | null;
  project: string | undefined;
  onClose: () => void;
}

function QosDialog({ known, project, onClose }: DialogProps) {
  const [name, setName] = useState(known?.name ?? "");
  const [description, setDescription] = useState(known?.description ?? "");
  const [egress, setEgress] = useState(mbitOf(known?.egress));
  const [ingress, setIngress] = useState(mbitOf(known?.ingress));
  const [dscp, setDscp] = useState(known?.dscp?.toString() ?? "");
  const send = async () => {
    const said = {
      name,
      description,
      egress: limit("egress", egress, known?.egress),
      ingress: limit("ingress", ingress, known?.ingress),
      dscp: dscp.trim() === "" ? null : numberIn("dscp", dscp),
    };
    if (known === null) await api.POST("/api/v1/qos-policies", { body: { ...said, project } });
    else {
      await api.PATCH("/api/v1/qos-policies/{reference}", {
        params: { path: { reference: known.id }, header: { "if-match": `"${known.revision}"` } },
        body: said,
      });
    }
  };
  const hint = "Mbit/s; empty is no limit";
  return (
    <Dialog title={known === null ? "New QoS policy" : `Change QoS policy ${known.name}`} onClose={onClose}>
      <Form action={known === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField label="Name" name="name" problem={problem} value={name} onChange={setName} />
            <TextField
              label="Sends at most"
              name="egress"
              problem={problem}
              hint={hint}
              value={egress}
              onChange={setEgress}
            />
            <TextField
              label="Receives at most"
              name="ingress"
              problem={problem}
              hint={hint}
              value={ingress}
              onChange={setIngress}
            />
            <TextField
              label="DSCP"
              name="dscp"
              problem={problem}
              hint="How what it sends is marked, 0 to 63; empty is not at all"
              value={dscp}
              onChange={setDscp}
            />
            <TextField
              label="Description"
              name="description"
              problem={problem}
              value={description}
              onChange={setDescription}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

type Limit = QosPolicy["egress"];

const mbitOf = (known: Limit | undefined) => (known == null ? "" : String(known.rate_kbps / 1000));

/** The limit that a field says; a burst that was declared stays. */
function limit(field: string, mbit: string, known: Limit | undefined): Limit {
  if (mbit.trim() === "") return null;
  return { rate_kbps: Math.round(numberIn(field, mbit) * 1000), burst_kb: known?.burst_kb ?? 0 };
}
