import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AddressGroup, api } from "../api/client";
import { addressGroupsQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { Dialog, TextField } from "../parts/form";
import { Listing } from "../parts/listing";
import { describing } from "../parts/table";
import { PlannedForm, type Send } from "../plans/planned";

/** Prefixes that rules name together. */
export default function AddressGroupsPage() {
  const project = useProject();
  const groups = useQuery(addressGroupsQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  return (
    <Listing<AddressGroup>
      title="Address groups"
      noun="address group"
      intro="Prefixes outside of Weft, which rules name together."
      rows={groups}
      nameOf={(one) => one.name}
      mayChange={mayChange}
      columns={[
        { header: "Address group", accessorKey: "name" },
        {
          header: "Prefixes",
          accessorFn: (one) => one.cidrs.length,
          cell: ({ row }) => <code>{row.original.cidrs.join(" ")}</code>,
        },
        { header: "Project", accessorKey: "project" },
        describing,
      ]}
      empty={
        <>
          <p>There is no address group yet. Rules can name a single prefix without one.</p>
          <pre>weft address-group create offices --cidr 192.0.2.0/24</pre>
        </>
      }
      dialog={(one, onClose) => <AddressGroupDialog known={one} project={project} onClose={onClose} />}
      remove={(one) =>
        api.DELETE("/api/v1/address-groups/{reference}", { params: { path: { reference: one.id } } })
      }
    />
  );
}

interface DialogProps {
  known: AddressGroup | null;
  project: string | undefined;
  onClose: () => void;
}

function AddressGroupDialog({ known, project, onClose }: DialogProps) {
  const [name, setName] = useState(known?.name ?? "");
  const [cidrs, setCidrs] = useState(known?.cidrs.join(" ") ?? "");
  const send: Send = async (headers) => {
    const said = { name, cidrs: cidrs.split(/[\s,]+/).filter((one) => one !== "") };
    if (known === null) return api.POST("/api/v1/address-groups", { body: { ...said, project }, headers });
    return api.PATCH("/api/v1/address-groups/{reference}", {
      params: { path: { reference: known.id }, header: { "if-match": `"${known.revision}"` } },
      body: said,
      headers,
    });
  };
  return (
    <Dialog title={known === null ? "New address group" : `Change ${known.name}`} onClose={onClose}>
      <PlannedForm action={known === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <TextField label="Name" name="name" problem={problem} value={name} onChange={setName} />
            <TextField
              label="Prefixes"
              name="cidrs"
              problem={problem}
              hint="With spaces or commas between them"
              placeholder="192.0.2.0/24 2001:db8::/32"
              value={cidrs}
              onChange={setCidrs}
            />
          </>
        )}
      </PlannedForm>
    </Dialog>
  );
}
