import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AttachRule, api } from "../api/client";
import { attachRulesQuery, networksQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { ChoiceField, Dialog, Form, TextField } from "../parts/form";
import { Listing } from "../parts/listing";

/** Which network a container goes to that says nothing itself. */
export default function AttachRulesPage() {
  const project = useProject();
  const rules = useQuery(attachRulesQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  return (
    <Listing<AttachRule>
      title="Attach rules"
      noun="attach rule"
      intro="Where a container with --net=none goes that names no network: the first rule that its labels match decides."
      rows={[...rules].sort((a, b) => a.order - b.order)}
      nameOf={(one) => one.name}
      mayChange={mayChange}
      columns={[
        { header: "Order", accessorKey: "order" },
        { header: "Attach rule", accessorKey: "name" },
        {
          header: "Selector",
          accessorKey: "selector",
          cell: ({ row }) => <code>{row.original.selector}</code>,
        },
        { header: "Network", accessorKey: "network" },
        { header: "Project", accessorKey: "project" },
      ]}
      empty={
        <>
          <p>There is no attach rule yet: only containers that name a network get one.</p>
          <pre>weft attach-rule create web --selector app=web --network DockerSN</pre>
        </>
      }
      dialog={(one, onClose) => <AttachRuleDialog known={one} project={project} onClose={onClose} />}
      remove={(one) =>
        api.DELETE("/api/v1/attach-rules/{reference}", { params: { path: { reference: one.id } } })
      }
    />
  );
}

interface DialogProps {
  known: AttachRule | null;
  project: string | undefined;
  onClose: () => void;
}

function AttachRuleDialog({ known, project, onClose }: DialogProps) {
  const networks = useQuery(networksQuery(known?.project ?? project)).data ?? [];
  const [name, setName] = useState(known?.name ?? "");
  const [selector, setSelector] = useState(known?.selector ?? "");
  const [picked, setPicked] = useState(known?.network_id ?? "");
  const [order, setOrder] = useState(String(known?.order ?? 100));
  const network = picked || (networks[0]?.id ?? "");
  const send = async () => {
    const said = { name, selector, network, order: Number(order) };
    if (known === null) await api.POST("/api/v1/attach-rules", { body: { ...said, project } });
    else {
      await api.PATCH("/api/v1/attach-rules/{reference}", {
        params: { path: { reference: known.id }, header: { "if-match": `"${known.revision}"` } },
        body: said,
      });
    }
  };
  return (
    <Dialog title={known === null ? "New attach rule" : `Change ${known.name}`} onClose={onClose}>
      <Form action={known === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField label="Name" name="name" problem={problem} value={name} onChange={setName} />
            <TextField
              label="Selector"
              name="selector"
              problem={problem}
              hint="On the container's labels; all() is every container"
              placeholder="app=web && !(env=dev)"
              value={selector}
              onChange={setSelector}
            />
            <ChoiceField
              label="Network"
              name="network"
              problem={problem}
              value={network}
              onChange={setPicked}
              options={networks.map((one) => [one.id, one.name] as const)}
            />
            <TextField
              label="Order"
              name="order"
              problem={problem}
              hint="Smaller is asked first"
              value={order}
              onChange={setOrder}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}
